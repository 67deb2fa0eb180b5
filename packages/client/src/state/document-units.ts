/** A document (flagstream.v1.FlagDocument as JSON, what `flagstream export` writes) as the engine's units. */
import {
  type FlagConfigDefinition,
  type FlagDefinition,
  type FlagUnit,
  normalizeConfig,
  type Problem,
  type SegmentDefinition,
  type SegmentUnit,
} from '@flagstream/engine';
import { fail, isKey, messageOf, parseName } from '@flagstream/protocol';
import { type DocumentFlag, FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';

const DOCUMENT_FORMAT = 'flagstream/v1';

export interface DocumentUnits {
  readonly flags: readonly FlagUnit[];
  readonly segments: readonly SegmentUnit[];
  /** Of configurations whose weights make no ranges. */
  readonly problems: readonly Problem[];
}

/**
 * @param document FlagDocument as proto JSON
 * @param environment whose configurations count
 * @param what names the document in errors
 * @throws FlagstreamError INVALID_DOCUMENT
 */
export function documentUnits(document: unknown, environment: string, what: string): DocumentUnits {
  const { flags, segments } = parseDocument(document, what);
  const problems: Problem[] = [];
  return {
    flags: flags.map((entry, index) => flagUnit(entry, environment, `${what}: flags[${index}]`, problems)),
    segments: segments.map((segment, index) => segmentUnit(segment, `${what}: segments[${index}]`)),
    problems,
  };
}

function parseDocument(document: unknown, what: string): FlagDocument {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw fail('INVALID_DOCUMENT', `${what}: must be one JSON object`);
  let parsed: FlagDocument;
  try {
    parsed = FlagDocument.fromJSON(document);
  } catch (cause) {
    throw fail('INVALID_DOCUMENT', `${what}: ${messageOf(cause)}`, { cause });
  }
  if (parsed.format !== DOCUMENT_FORMAT) {
    const found = JSON.stringify(parsed.format);
    throw fail('INVALID_DOCUMENT', `${what}: format must be "${DOCUMENT_FORMAT}", not ${found}`);
  }
  return parsed;
}

function flagUnit(entry: DocumentFlag, environment: string, where: string, problems: Problem[]): FlagUnit {
  const key = keyOf(entry.flag?.name, `${where}.flag.name`);
  const flag = Flag.toJSON(Flag.fromPartial(entry.flag ?? {})) as FlagDefinition;
  const config = entry.configs[environment];
  if (config === undefined) return { key, flag };
  // A document may say weights alone; the engine evaluates ranges.
  const normalized = normalizeConfig(key, FlagConfig.toJSON(config) as FlagConfigDefinition);
  problems.push(...normalized.problems);
  return { key, flag, config: normalized.config };
}

function segmentUnit(segment: Segment, where: string): SegmentUnit {
  return { key: keyOf(segment.name, `${where}.name`), segment: Segment.toJSON(segment) as SegmentDefinition };
}

function keyOf(name: string | undefined, where: string): string {
  const text = name ?? '';
  const key = isKey(text) ? text : parseName(text)?.key;
  if (key === undefined)
    throw fail('INVALID_DOCUMENT', `${where}: must be a key or a resource name, not ${JSON.stringify(text)}`);
  return key;
}

/**
 * A state from a document (flagstream.v1.FlagDocument as JSON, what `flagstream
 * export` writes), for a start without any server. It has no revision: the
 * first server's state replaces it.
 */
import { readFile, stat } from 'node:fs/promises';
import {
  compileSet,
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
import { emptyState, type FlagState } from './flag-state.ts';
import type { Scope } from './scope.ts';

const DOCUMENT_FORMAT = 'flagstream/v1';
/** A document of 100,000 flags is about this large. */
const DOCUMENT_BYTES_MAX = 67_108_864;

export interface BootstrapState {
  readonly state: FlagState;
  /** Entities that do not compile; they are left out. */
  readonly problems: readonly Problem[];
}

/** @throws FlagstreamError INVALID_DOCUMENT, also when the file cannot be read. */
export async function loadBootstrapFile(file: string, scope: Scope): Promise<BootstrapState> {
  let json: unknown;
  try {
    const { size } = await stat(file);
    if (size > DOCUMENT_BYTES_MAX)
      throw new RangeError(`it has ${size} bytes, at most ${DOCUMENT_BYTES_MAX} are read`);
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw fail('INVALID_DOCUMENT', `bootstrap file ${file}: ${messageOf(cause)}`, { cause });
  }
  return bootstrapState(json, scope, `bootstrap file ${file}`);
}

/**
 * @param document FlagDocument as proto JSON
 * @param what names the document in errors
 * @throws FlagstreamError INVALID_DOCUMENT
 */
export function bootstrapState(document: unknown, scope: Scope, what: string): BootstrapState {
  const { flags, segments } = parseDocument(document, what);
  const problems: Problem[] = [];
  const units = flags.map((entry, index) => flagUnit(entry, scope, `${what}: flags[${index}]`, problems));
  const compiled = compileSet(
    units,
    segments.map((segment, index) => segmentUnit(segment, `${what}: segments[${index}]`)),
  );
  return {
    state: { ...emptyState(scope), source: 'bootstrap', compiled: compiled.set },
    problems: [...problems, ...compiled.problems],
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

function flagUnit(entry: DocumentFlag, scope: Scope, where: string, problems: Problem[]): FlagUnit {
  const key = keyOf(entry.flag?.name, `${where}.flag.name`);
  const flag = Flag.toJSON(Flag.fromPartial(entry.flag ?? {})) as FlagDefinition;
  const config = entry.configs[scope.environment];
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

/**
 * A state from a document (flagstream.v1.FlagDocument as JSON, what `flagstream
 * export` writes), for a start without any server. It has no revision: the
 * first server's state replaces it.
 */
import { readFile, stat } from 'node:fs/promises';
import { compileSet, type Problem } from '@flagstream/engine';
import { fail, messageOf } from '@flagstream/protocol';
import { documentUnits } from './document-units.ts';
import { emptyState, type FlagState } from './flag-state.ts';
import type { Scope } from './scope.ts';

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
  const { flags, segments, problems } = documentUnits(document, scope.environment, what);
  const compiled = compileSet(flags, segments);
  return {
    state: { ...emptyState(scope), source: 'bootstrap', compiled: compiled.set },
    problems: [...problems, ...compiled.problems],
  };
}

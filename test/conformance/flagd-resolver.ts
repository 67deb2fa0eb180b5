// What flagd's typed resolvers would answer with our engine: the document goes through the flagd importer, and
// a value of another type than asked for is an error.

import { compileSet, type Evaluation, type JsonObject, type JsonValue } from '@flagstream/engine';
import { IMPORTERS, type ImportSource } from '@flagstream/importers';

export interface FlagdQuestion {
  readonly document: ImportSource;
  readonly flagKey: string;
  readonly context: JsonObject;
  readonly type: string;
  readonly nowMs: number;
}

export type FlagdAnswer =
  | {
      readonly kind: 'outcome';
      readonly outcome: JsonObject;
      /** Of the flag, with that of its flag set. */
      readonly metadata: JsonObject;
      /** Of other flags of the document, which were not taken over. */
      readonly refusals: number;
    }
  /** The document as a whole, which leaves a server with the state it had. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The flag, which is not taken over; the construct is what stands in the way. */
  | { readonly kind: 'refused'; readonly construct: string; readonly reason: string };

/** Whether a value is of the type that a resolver answers. A list is no object to flagd, and null is of no type. */
const RESOLVERS: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ['boolean', (value) => typeof value === 'boolean'],
  ['string', (value) => typeof value === 'string'],
  ['number', (value) => typeof value === 'number'],
  ['object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
  ['any', (value) => value !== null],
]);

export const RESOLVER_TYPES: readonly string[] = [...RESOLVERS.keys()];

export function answerAsFlagd({ document, flagKey, context, type, nowMs }: FlagdQuestion): FlagdAnswer {
  const imported = IMPORTERS.get('flagd')!(document);
  if (imported.outcome === 'rejected')
    return { kind: 'rejected', reason: `${imported.path}: ${imported.reason}` };
  const { refused } = imported.report;
  const refusal = refused.find(({ flag }) => flag === flagKey);
  if (refusal !== undefined) {
    const { path, construct, reason } = refusal;
    return { kind: 'refused', construct, reason: `${path}, ${construct}: ${reason}` };
  }
  const { set, problems } = compileSet(imported.flags, imported.segments);
  const [problem] = problems;
  if (problem !== undefined) {
    const { path, code, message } = problem;
    return { kind: 'refused', construct: code, reason: `${path}, ${code}: ${message}` };
  }
  return {
    kind: 'outcome',
    outcome: resolved(set.evaluate(flagKey, context, nowMs), type),
    metadata: imported.flags.find(({ key }) => key === flagKey)?.flag.metadata ?? {},
    refusals: refused.length,
  };
}

function resolved({ value, variant, reason, errorCode }: Evaluation, type: string): JsonObject {
  const isOfType = RESOLVERS.get(type);
  if (isOfType === undefined) throw new RangeError(`no resolver answers the type "${type}"`);
  if (errorCode !== undefined) return { reason, errorCode };
  if (value === undefined || variant === undefined) return { reason };
  return isOfType(value) ? { value, variant, reason } : { reason: 'ERROR', errorCode: 'TYPE_MISMATCH' };
}

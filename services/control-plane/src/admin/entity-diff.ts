/** What differs between two states of an entity. */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { formatName } from '@flagstream/protocol';
import type { EntityDiff } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { EntityChange, EntityId } from '@flagstream/replica';
import { actionOf } from '../commands/outcome.ts';
import { asJson } from './present.ts';

/** Paths named for one entity; beyond, the whole of what holds them is named. */
const PATHS_MAX = 50;

/** Content in one answer: gRPC clients take 4 MiB by default. */
export const DIFF_CONTENT_BYTES_MAX = 1_572_864;

/**
 * Messages inside each other that a Struct of ours may have: decoders follow
 * 100 and give the whole answer up beyond. An object is three of them, a list two.
 */
const STRUCT_NESTING_MAX = 90;

/** Bytes of content that an answer may still hold. */
export interface ContentBudget {
  bytes: number;
}

/**
 * The difference between two states; undefined when there is none. `before`
 * and `after` are left out once the budget is spent, where they are nested
 * deeper than a client can read, and where this release cannot read the content;
 * the paths only in the last case.
 */
export function entityDiff(
  id: EntityId,
  before: EntityChange | undefined,
  after: EntityChange | undefined,
  budget: ContentBudget,
): EntityDiff | undefined {
  const existed = before?.deleted === true ? undefined : before;
  const exists = after?.deleted === true ? undefined : after;
  if (existed === undefined && exists === undefined) return undefined;
  if (existed !== undefined && exists !== undefined && sameContent(existed, exists)) return undefined;
  const beforeJson = readableJson(existed);
  const afterJson = readableJson(exists);
  budget.bytes -= (existed?.content.length ?? 0) + (exists?.content.length ?? 0);
  const shown = budget.bytes >= 0 && [beforeJson, afterJson].every(isReadable);
  return {
    name: formatName(id),
    action: actionOf(before, after ?? (before === undefined ? undefined : { ...before, deleted: true })),
    before: shown ? beforeJson : undefined,
    after: shown ? afterJson : undefined,
    fields: beforeJson === undefined || afterJson === undefined ? [] : differingPaths(beforeJson, afterJson),
  };
}

function readableJson(change: EntityChange | undefined): JsonObject | undefined {
  try {
    return asJson(change);
  } catch {
    // Of a newer release, or damaged before it was written: it is named without its content.
    return undefined;
  }
}

function isReadable(json: JsonObject | undefined): boolean {
  return json === undefined || structNesting(json) <= STRUCT_NESTING_MAX;
}

function structNesting(value: JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 2 : 3;
  return Object.values(value).reduce<number>(
    (deepest, member) => Math.max(deepest, own + structNesting(member)),
    own,
  );
}

function sameContent(a: EntityChange, b: EntityChange): boolean {
  return Buffer.from(a.contentHash).equals(b.contentHash);
}

/** JSON paths of what differs, the deepest that say it: "rules[0].serve.variant". */
export function differingPaths(before: JsonObject, after: JsonObject): string[] {
  const paths: string[] = [];
  collect(before, after, '', paths);
  return paths.length <= PATHS_MAX ? paths : topLevel(paths);
}

function collect(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: string,
  paths: string[],
): void {
  if (isObject(before) && isObject(after)) {
    for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort())
      collect(before[name], after[name], path === '' ? name : `${path}.${name}`, paths);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [i, item] of before.entries()) collect(item, after[i], `${path}[${i}]`, paths);
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) paths.push(path);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function topLevel(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.split(/[.[]/, 1)[0] ?? path))];
}

/**
 * One line of a batch to a request: every field is checked, and what is wrong
 * names the field. Pure.
 */

import { type JsonObject, type JsonValue, parseInstant } from '@flagstream/engine';
import { messageOf } from '@flagstream/protocol';
import type { Line } from './line-splitter.ts';

/** One line: a context of the largest size that a server takes fits many times. */
export const LINE_BYTES_MAX = 4_194_304;

export type LineId = string | number;

export interface BatchRequest {
  readonly id: LineId;
  readonly flag: string;
  readonly context: JsonObject;
  /** Unix ms; undefined: the caller's clock. */
  readonly nowMs: number | undefined;
  /** Answered where the flag has no value to give; undefined: nothing is. */
  readonly default: JsonValue | undefined;
}

/** A line that asks nothing that could be answered. */
export interface BadLine {
  /** Null when the line has none. */
  readonly id: LineId | null;
  /** One sentence that names the field. */
  readonly reason: string;
}

/** Nesting of a default: it is echoed, and the platform's writer recurses. */
const DEFAULT_DEPTH_MAX = 100;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A blank line is not JSON either: as many lines come out as went in. */
export function parseLine(line: Line): BatchRequest | BadLine {
  if (line === 'too long') return { id: null, reason: `The line is longer than ${LINE_BYTES_MAX} bytes.` };
  let text: string;
  try {
    text = decoder.decode(line);
  } catch {
    return { id: null, reason: 'The line is not UTF-8.' };
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return { id: null, reason: `The line is not JSON: ${messageOf(error)}.` };
  }
  return isObject(value)
    ? checkFields(value)
    : { id: null, reason: 'The line is not a JSON object with id, flag and context.' };
}

export function isBadLine(request: BatchRequest | BadLine): request is BadLine {
  return 'reason' in request;
}

function checkFields(line: JsonObject): BatchRequest | BadLine {
  const id = field(line, 'id');
  if (!isId(id)) return { id: null, reason: idProblem(id) };
  const flag = field(line, 'flag');
  if (typeof flag !== 'string')
    return { id, reason: lacking('flag', flag, 'the key of a flag, as a string') };
  const context = field(line, 'context');
  if (!isObject(context)) return { id, reason: lacking('context', context, 'a JSON object') };
  const now = field(line, 'now');
  const nowMs = typeof now === 'string' ? parseInstant(now) : undefined;
  if (now !== undefined && nowMs === undefined)
    return { id, reason: lacking('now', now, 'an RFC 3339 instant such as 2026-12-24T18:00:00Z') };
  const fallback = field(line, 'default');
  if (fallback !== undefined && !isEchoable(fallback, DEFAULT_DEPTH_MAX))
    return {
      id,
      reason: `The field "default" must be JSON of at most ${DEFAULT_DEPTH_MAX} levels whose numbers a double can hold.`,
    };
  return { id, flag, context, nowMs, default: fallback };
}

function isEchoable(value: JsonValue, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isEchoable(inner, depth - 1));
}

/** An id is echoed, so a number that JSON cannot carry unchanged is none. */
function isId(id: JsonValue | undefined): id is LineId {
  if (typeof id === 'string') return true;
  return typeof id === 'number' && Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));
}

function idProblem(id: JsonValue | undefined): string {
  if (typeof id === 'number')
    return 'The field "id" is a number too large to be echoed: write it as a string.';
  return lacking('id', id, 'a string or a number');
}

function lacking(name: string, value: JsonValue | undefined, wanted: string): string {
  return value === undefined
    ? `The field "${name}" is missing: it must be ${wanted}.`
    : `The field "${name}" must be ${wanted}.`;
}

function field(line: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(line, name) ? line[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The name of the variant that a result stands for, as a flagd server finds it:
 * the result is written as JSON, and every quote is taken out.
 *
 * So true is the variant "true" and 3.5 the variant "3.5". Go's JSON escapes
 * more than quotes: text with < > & " \ or control characters is never the
 * variant of the same name.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { WalkAbort } from '../walk.ts';
import type { Run } from './expression.ts';
import { FLAGD_MEMBER } from './object-members.ts';
import { isTextBefore, jsonNumber } from './text-forms.ts';

/** What is not its own JSON text in Go. */
const ESCAPED = /[<>&"\\\p{Cc}\u2028\u2029]/u;
const ESCAPED_FOR_HTML = /[<>&\u2028\u2029]/g;

const NO_NUMBER = new WalkAbort(
  'PARSE_ERROR',
  'The JSONLogic expression answers a number that is not finite.',
);

/** Whether a variant of this name is the one of the same text. */
export function isPlainName(name: string): boolean {
  return !ESCAPED.test(name);
}

/** Undefined: longer or deeper than any name. Throws WalkAbort for numbers that JSON does not have. */
export function variantText(result: JsonValue, run: Run): string | undefined {
  if (typeof result === 'string') return result.length > LIMITS.operandChars ? undefined : textOf(result);
  const out = { text: '' };
  const isWhole = append(result, LIMITS.valueDepth, out, run) && out.text.length <= LIMITS.operandChars;
  return isWhole ? out.text : undefined;
}

function textOf(text: string): string {
  if (isPlainName(text)) return text;
  return JSON.stringify(text)
    .replace(ESCAPED_FOR_HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('"', '');
}

/** Each value adds to the text, so that its bound also bounds the work, and takes a step. */
function append(value: JsonValue, depth: number, out: { text: string }, run: Run): boolean {
  run.spend(1);
  if (depth < 0 || out.text.length > LIMITS.operandChars) return false;
  if (typeof value === 'number' && !Number.isFinite(value)) throw NO_NUMBER;
  if (typeof value === 'number') out.text += jsonNumber(value);
  else if (typeof value === 'string') out.text += textOf(value.slice(0, LIMITS.operandChars + 1));
  else if (typeof value === 'boolean') out.text += String(value);
  else if (typeof value !== 'object' || value === null) out.text += 'null';
  else return isJsonArray(value) ? appendList(value, depth, out, run) : appendObject(value, depth, out, run);
  return true;
}

function appendList(list: readonly JsonValue[], depth: number, out: { text: string }, run: Run): boolean {
  out.text += '[';
  for (let i = 0; i < list.length; i += 1) {
    if (i > 0) out.text += ',';
    if (!append(list[i]!, depth - 1, out, run)) return false;
  }
  out.text += ']';
  return true;
}

/** Members in the order of their names; the data as a whole shows `$flagd`. */
function appendObject(object: JsonObject, depth: number, out: { text: string }, run: Run): boolean {
  if (Object.keys(object).length > LIMITS.operandChars) return false;
  const flagd = run.flagdOf(object);
  const shown = flagd === undefined ? object : { ...object, [FLAGD_MEMBER]: flagd };
  const names = Object.keys(shown);
  names.sort((a, b) => (isTextBefore(a, b) ? -1 : 1));
  out.text += '{';
  for (const [index, name] of names.entries()) {
    out.text += `${index > 0 ? ',' : ''}${textOf(name)}:`;
    if (!append(shown[name]!, depth - 1, out, run)) return false;
  }
  out.text += '}';
  return true;
}

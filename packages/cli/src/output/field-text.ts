/**
 * A field that differs, for people: its path, and what it was and is where both
 * fit on a line. Pure.
 */
import type { Json } from '../plan/field-paths.ts';

/** Both sides as proto JSON, which leaves out fields that are false, 0 or "". */
export interface Contents {
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
}

type Scalar = boolean | number | string;

/** Longer values are seen better in the file. */
const VALUE_LENGTH_MAX = 40;

/** `enabled true → false`; the path alone where the values are long, lists or objects, or not known. */
export function fieldText(path: string, { before, after }: Contents): string {
  if (before === undefined || after === undefined) return path;
  const [was, is] = [valueAt(before, path), valueAt(after, path)];
  const known = isScalar(was) ? was : is;
  if (!isScalar(known)) return path;
  const texts = [was, is].map((value) => scalarText(value === undefined ? emptyLike(known) : value));
  return texts.some((text) => text === undefined || text.length > VALUE_LENGTH_MAX)
    ? path
    : `${path} ${texts.join(' → ')}`;
}

/** The value at a path of field-paths.ts: "rules[0].serve.variant". */
function valueAt(json: Json, path: string): Json | undefined {
  let value: Json | undefined = json;
  for (const step of path.split(/[.[\]]+/).filter((each) => each !== '')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Array.isArray(value) ? value[Number(step)] : (value as Readonly<Record<string, Json>>)[step];
  }
  return value;
}

function scalarText(value: Json): string | undefined {
  return isScalar(value) ? JSON.stringify(value) : undefined;
}

function emptyLike(value: Scalar): Scalar {
  if (typeof value === 'boolean') return false;
  return typeof value === 'number' ? 0 : '';
}

function isScalar(value: Json | undefined): value is Scalar {
  return ['boolean', 'number', 'string'].includes(typeof value);
}

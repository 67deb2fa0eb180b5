// A file of vectors: its shape, and how it is read. What a case of each form means stands in vectors/README.md.

import { readFileSync } from 'node:fs';
import type { FlagUnit, SegmentUnit } from '@flagstream/engine';

export interface Units {
  readonly flags?: readonly FlagUnit[];
  readonly segments?: readonly SegmentUnit[];
}

/** Members beyond these belong to the form. */
export interface VectorFile {
  readonly chapter: string;
  readonly form: string;
  readonly description: string;
  /** Of a dialect's annex, which an engine may leave out. */
  readonly annex?: string;
  readonly sets?: Readonly<Record<string, Units>>;
  readonly segments?: readonly SegmentUnit[];
  readonly cases: readonly VectorCase[];
}

/** Which members a case has depends on the form. */
export interface VectorCase {
  readonly name?: string;
  readonly dialects?: readonly string[];
  readonly [member: string]: unknown;
}

interface Repeated {
  readonly $item?: unknown;
  readonly $text?: string;
  readonly $times: number;
}

export function readVectors(file: string): VectorFile {
  return expanded(JSON.parse(readFileSync(file, 'utf8'))) as VectorFile;
}

/** The value with its repetitions written out. */
function expanded(value: unknown): unknown {
  if (Array.isArray(value)) return value.flatMap(expandedItem);
  if (typeof value !== 'object' || value === null) return value;
  const { $text, $times } = value as Repeated;
  if ($text !== undefined) return $text.repeat($times);
  // fromEntries defines own properties, so a key "__proto__" stays data.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expanded(member)]));
}

function expandedItem(item: unknown): readonly unknown[] {
  const { $item, $times } = (item ?? {}) as Repeated;
  return $item === undefined ? [expanded(item)] : Array.from({ length: $times }, () => expanded($item));
}

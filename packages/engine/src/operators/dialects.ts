/**
 * Operators by dialect and name. Another system's semantics are one file
 * beside this one and one row here; the walk never asks for the dialect.
 */
import { ARRAY_OPERATORS } from './array-members.ts';
import { DATE_OPERATORS } from './date-order.ts';
import { EQUALITY_OPERATORS } from './equality.ts';
import { NETWORK_OPERATORS } from './network.ts';
import { NUMBER_OPERATORS } from './number-order.ts';
import type { Operator } from './operator.ts';
import { PRESENCE_OPERATORS } from './presence.ts';
import { REGEX_OPERATORS } from './regex.ts';
import { TEXT_OPERATORS } from './text.ts';
import { VERSION_OPERATORS } from './version-order.ts';

export type OperatorTable = ReadonlyMap<string, Operator>;

const NATIVE_OPERATORS: OperatorTable = new Map(
  [
    ...EQUALITY_OPERATORS,
    ...NUMBER_OPERATORS,
    ...TEXT_OPERATORS,
    ...REGEX_OPERATORS,
    ...VERSION_OPERATORS,
    ...DATE_OPERATORS,
    ...NETWORK_OPERATORS,
    ...PRESENCE_OPERATORS,
    ...ARRAY_OPERATORS,
  ].map((entry) => [entry.name, entry]),
);

/** The native dialect has the empty name. */
export const DIALECTS: ReadonlyMap<string, OperatorTable> = new Map([['', NATIVE_OPERATORS]]);

/** Names of the native operators, for messages and the JSON Schema. */
export const OPERATORS: readonly string[] = Object.freeze([...NATIVE_OPERATORS.keys()]);

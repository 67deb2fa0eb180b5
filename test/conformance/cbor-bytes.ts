// The bytes that flagd's fractional v3 hashes. Nothing public shows them, so they are taken from inside of the
// engine.

import type { JsonValue } from '@flagstream/engine';
import { ByteWriter } from '../../packages/engine/src/json-logic/byte-writer.ts';
import { writeCbor } from '../../packages/engine/src/json-logic/cbor.ts';
import { Run } from '../../packages/engine/src/json-logic/expression.ts';
import { Walk } from '../../packages/engine/src/walk.ts';

const START_BYTES = 64;
const NOBODY = { flag: () => undefined, segment: () => undefined };

export function cborBytes(value: JsonValue): Uint8Array {
  const writer = new ByteWriter(START_BYTES);
  writeCbor(value, writer, new Run(new Walk(NOBODY), { operators: new Map(), flagKey: undefined }, value));
  return writer.since(0);
}

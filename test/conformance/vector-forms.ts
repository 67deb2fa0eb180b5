// What the engine answers for one case of the vectors, by the form of their file. How a case reads stands in
// vectors/README.md.

import {
  compileSet,
  type FlagUnit,
  type GateMatchDefinition,
  type JsonObject,
  type JsonValue,
  murmur3x86,
  parseInstant,
  type Problem,
  resolveWeights,
  type SegmentUnit,
} from '@flagstream/engine';
import { encodeUtf8, UTF8_BYTES_PER_UNIT } from '../../packages/engine/src/hash/utf8.ts';
import { multiplyShift } from '../../packages/engine/src/hash/multiply-shift.ts';
import { nativeText } from '../../packages/engine/src/hash/native-text.ts';

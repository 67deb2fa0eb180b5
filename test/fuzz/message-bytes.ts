// Messages of every method as bytes, made from the descriptors: well formed on the wire and hostile in what they
// say. What one draw leaves out another one has, so that each field of each message is met.

import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  ScalarType,
} from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSet } from '@flagstream/protocol';
import type { Random } from '../sim/world/random.ts';
import { privateValue } from '../support/private-value.ts';
import {
  hostileInteger,
  hostileNumber,
  hostileText,
  keyText,
  maskPath,
  resourceName,
  ruleText,
  tokenText,
} from './hostile-values.ts';

/** Levels that are drawn field by field; chains that go on for thousands are drawn apart. */
const DRAWN_DEPTH_MAX = 6;
const CHAIN_ONE_IN = 60;
const ENUM_NUMBERS: readonly bigint[] = [0n, 1n, 2n, 3n, 4n, 99n, 2n ** 31n, 2n ** 64n - 1n];
const CROWD_ONE_IN = 400;
/** Members of a crowded context. */
const CROWD = 100_000;
const PRIVATE_MEMBER: Uint8Array = privateMember();
/** Archiving what everything else lies in would leave nothing to refuse but its absence. */
const SPARED: readonly string[] = ['ArchiveProjectRequest', 'ArchiveEnvironmentRequest'];

/** Every method of the contract, health and reflection included. */
export function contractMethods(): readonly DescMethod[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
  return [...registry].flatMap((type) => (type.kind === 'service' ? type.methods : []));
}

export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** A message of this type, drawn anew each time. */
export function messageBytes(random: Random, message: DescMessage): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(random, writer, message, 0);
  return writer.finish();
}

function writeMessage(random: Random, writer: BinaryWriter, message: DescMessage, depth: number): void {
  drawMessage(random, writer, message, depth);
  // Contexts are Structs: each has one value by which it would be known in a log.
  if (message.typeName === 'google.protobuf.Struct') writer.raw(PRIVATE_MEMBER);
}

function drawMessage(random: Random, writer: BinaryWriter, message: DescMessage, depth: number): void {
  if (message.typeName === 'google.protobuf.Value' && random.int(1, CHAIN_ONE_IN) === 1) {
    writer.raw(chainOfLists(random.pick([7, 8, 9, 40, 90, 110, 3_000, 20_000])));
    return;
  }
  if (message.typeName === 'google.protobuf.Struct' && random.int(1, CROWD_ONE_IN) === 1) {
    writer.raw(crowd());
    return;
  }
  const presence = depth === 0 ? 0.8 : 0.6;
  const chosen = new Map(message.oneofs.map((oneof) => [oneof, random.pick(oneof.fields)]));
  for (const field of message.fields) {
    const absent = field.oneof === undefined ? !random.chance(presence) : chosen.get(field.oneof) !== field;
    // More than one of a group is nothing that a client of ours sends.
    if (absent && !random.chance(0.01)) continue;
    writeField(random, writer, field, depth);
  }
}

function writeField(random: Random, writer: BinaryWriter, field: DescField, depth: number): void {
  switch (field.fieldKind) {
    case 'message':
      writeNested(random, writer, field.number, field.message, depth);
      return;
    case 'list':
      for (let i = random.int(0, 3); i > 0; i--) {
        if (field.listKind === 'message') writeNested(random, writer, field.number, field.message, depth);
        else writeScalar(random, writer, field, field.listKind === 'enum' ? 'enum' : field.scalar);
      }
      return;
    case 'map':
      for (let i = random.int(0, 4); i > 0; i--) {
        writer.tag(field.number, WireType.LengthDelimited).fork();
        writer.tag(1, WireType.LengthDelimited).string(keyText(random));
        if (field.mapKind === 'message') writeNested(random, writer, 2, field.message, depth);
        else writer.tag(2, WireType.LengthDelimited).string(hostileText(random));
        writer.join();
      }
      return;
    case 'enum':
      writeScalar(random, writer, field, 'enum');
      return;
    case 'scalar':
      writeScalar(random, writer, field, field.scalar);
  }
}

function writeNested(
  random: Random,
  writer: BinaryWriter,
  number: number,
  message: DescMessage,
  depth: number,
): void {
  if (depth >= DRAWN_DEPTH_MAX) return;
  writer.tag(number, WireType.LengthDelimited).fork();
  writeMessage(random, writer, message, depth + 1);
  writer.join();
}

function writeScalar(
  random: Random,
  writer: BinaryWriter,
  field: DescField,
  type: ScalarType | 'enum',
): void {
  const { number } = field;
  switch (type) {
    case ScalarType.STRING:
      writer.tag(number, WireType.LengthDelimited);
      // Half of a surrogate pair is not text: on the wire only bytes can say it.
      if (random.int(1, 50) === 1) writer.bytes(Uint8Array.of(0xed, 0xa0, 0x80, 0xff));
      else writer.string(textOf(random, field));
      return;
    case ScalarType.BYTES:
      writer.tag(number, WireType.LengthDelimited).bytes(random.bytes(random.pick([0, 1, 16, 32, 33, 400])));
      return;
    case ScalarType.DOUBLE:
      writer.tag(number, WireType.Bit64).double(hostileNumber(random));
      return;
    case ScalarType.FLOAT:
      writer.tag(number, WireType.Bit32).float(1.5);
      return;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      writer.tag(number, WireType.Bit64).fixed64(hostileInteger(random));
      return;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      writer.tag(number, WireType.Bit32).fixed32(Number(hostileInteger(random) % 2n ** 32n));
      return;
    case ScalarType.BOOL:
      writer.tag(number, WireType.Varint).bool(random.chance(0.5));
      return;
    case 'enum':
      writer.tag(number, WireType.Varint).uint64(random.pick(ENUM_NUMBERS));
      return;
    default:
      writer.tag(number, WireType.Varint).uint64(hostileInteger(random));
  }
}

function textOf(random: Random, field: DescField): string {
  const { name } = field;
  if (name === 'name' || name === 'parent' || name === 'names') {
    if (SPARED.includes(field.parent.name)) return `projects/${hostileText(random)}`;
    return resourceName(random, field.parent.name, name === 'parent');
  }
  if (name === 'paths') return maskPath(random);
  if (name === 'page_token') return tokenText(random);
  if (name === 'operator' || name === 'pattern' || name === 'values') return ruleText(random);
  if (/key|variant|flag|segment|project|environment|_id$|attribute/.test(name)) return keyText(random);
  return hostileText(random);
}

/** A value that is a list in a list in a list: field 6 of Value, field 1 of ListValue. */
function chainOfLists(levels: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < levels; level++) {
    // From the inside: both tags with the length of what they hold.
    for (const tag of [0x0a, 0x32]) {
      if (level === levels - 1 && tag === 0x0a) continue;
      const head = new BinaryWriter().raw(Uint8Array.of(tag)).uint32(length).finish();
      parts.push(head);
      length += head.length;
    }
  }
  return Buffer.concat(parts.reverse());
}

let crowded: Uint8Array | undefined;

/** A Struct of very many members, made once. */
function crowd(): Uint8Array {
  if (crowded !== undefined) return crowded;
  const writer = new BinaryWriter();
  for (let i = 0; i < CROWD; i++) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(i.toString(36));
    writer.join();
  }
  crowded = writer.finish();
  return crowded;
}

/** A member of a Struct: field 1, with key and value in fields 1 and 2, the text in field 3 of Value. */
function privateMember(): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string('email');
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(3, WireType.LengthDelimited).string(privateValue('fuzzed')).join();
  return writer.join().finish();
}

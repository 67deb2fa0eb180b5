/**
 * How much a request holds, counted over its bytes. An empty message takes two
 * bytes of a request and hundreds of a heap, so a limit of bytes alone would
 * let one call take gigabytes and seconds.
 *
 * Holds true: what this does not understand is refused, so a decoder never
 * reads what was not counted. Field 0 and groups, which decoders pass over in
 * their own ways, are in no contract of ours.
 */
import {
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
} from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { fail } from '@flagstream/protocol';

/** Of one message: the messages of its fields, by field number. */
type Shape = Map<number, Shape>;

/** Shorter ones cannot hold enough to matter. */
const COUNTED_FROM_BYTES = 16_384;
/** Members of a segment are fields of one message; a value of a context has two fields. */
export const FIELDS_PER_MESSAGE = 4;
const WIRE_TYPES: ReadonlySet<number> = new Set([
  WireType.Varint,
  WireType.Bit64,
  WireType.LengthDelimited,
  WireType.Bit32,
]);

export class RequestMessages {
  readonly #descriptorSet: () => Uint8Array;
  #registry: FileRegistry | undefined;
  readonly #shapes = new Map<string, Shape>();

  /** @param descriptorSet an encoded google.protobuf.FileDescriptorSet, asked for with the first long request */
  constructor(descriptorSet: () => Uint8Array) {
    this.#descriptorSet = descriptorSet;
  }

  /**
   * A check of the requests of a method, by its path; of one that is not in the set, nothing is checked.
   * @throws FlagstreamError REQUEST_TOO_LARGE, INVALID_FIELD
   */
  checkOf(path: string, messagesMax: number): (bytes: Uint8Array) => void {
    return (bytes) => {
      if (bytes.length < COUNTED_FROM_BYTES) return;
      const method = this.#method(path);
      if (method !== undefined)
        count(bytes, this.#shapeOf(method.input), {
          messages: messagesMax,
          fields: messagesMax * FIELDS_PER_MESSAGE,
        });
    };
  }

  #method(path: string): DescMethod | undefined {
    const [, service = '', name] = path.split('/');
    this.#registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, this.#descriptorSet()));
    return this.#registry.getService(service)?.methods.find((method) => method.name === name);
  }

  /** Messages hold themselves, so shapes are made once and refer to each other. */
  #shapeOf(message: DescMessage): Shape {
    const known = this.#shapes.get(message.typeName);
    if (known !== undefined) return known;
    const shape: Shape = new Map();
    this.#shapes.set(message.typeName, shape);
    for (const field of message.fields) {
      if (field.fieldKind === 'map') shape.set(field.number, this.#entryShape(field.message));
      else if (field.message !== undefined) shape.set(field.number, this.#shapeOf(field.message));
    }
    return shape;
  }

  /** A map travels as messages of a key, 1, and a value, 2. */
  #entryShape(value: DescMessage | undefined): Shape {
    return value === undefined ? new Map() : new Map([[2, this.#shapeOf(value)]]);
  }
}

interface Left {
  messages: number;
  fields: number;
}

/** Stops at the limit. */
function count(bytes: Uint8Array, shape: Shape, max: Left): void {
  const left = { ...max };
  const waiting: (readonly [Uint8Array, Shape])[] = [[bytes, shape]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [part, fields] = next;
    const reader = new BinaryReader(part);
    while (reader.pos < reader.len) {
      const content = readField(reader, fields, left, max);
      if (content !== undefined) waiting.push(content);
    }
  }
}

/** One field; of one that holds a message, what is in it. */
function readField(
  reader: BinaryReader,
  shape: Shape,
  left: Left,
  max: Left,
): readonly [Uint8Array, Shape] | undefined {
  if (left.fields === 0) throw fail('REQUEST_TOO_LARGE', `the request holds more than ${max.fields} fields`);
  left.fields -= 1;
  const tag = reader.uint32();
  const [number, wireType] = [tag >>> 3, tag & 7];
  if (number === 0 || !WIRE_TYPES.has(wireType))
    throw fail(
      'INVALID_FIELD',
      `the request cannot be decoded: it has a field ${number} of wire type ${wireType}`,
    );
  const nested = wireType === WireType.LengthDelimited ? shape.get(number) : undefined;
  if (nested === undefined) {
    reader.skip(wireType, number);
    return undefined;
  }
  if (left.messages === 0)
    throw fail('REQUEST_TOO_LARGE', `the request holds more than ${max.messages} messages`);
  left.messages -= 1;
  const content = reader.bytes();
  return content.length === 0 ? undefined : [content, nested];
}

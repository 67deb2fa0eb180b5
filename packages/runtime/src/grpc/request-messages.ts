/**
 * How many messages a request holds, counted over its bytes. An empty message
 * takes two bytes of a request and hundreds of a heap, so a limit of bytes
 * alone would let one call take gigabytes and seconds.
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

export class RequestMessages {
  readonly #registry: FileRegistry;
  readonly #shapes = new Map<string, Shape>();

  /** @param descriptorSet an encoded google.protobuf.FileDescriptorSet */
  constructor(descriptorSet: Uint8Array) {
    this.#registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  }

  /**
   * A check of the requests of a method, by its path; of one that is not in the set, nothing is checked.
   * @throws FlagstreamError REQUEST_TOO_LARGE
   */
  checkOf(path: string, messagesMax: number): (bytes: Uint8Array) => void {
    const method = this.#method(path);
    if (method === undefined) return () => undefined;
    const shape = this.#shapeOf(method.input);
    return (bytes) => {
      if (bytes.length < COUNTED_FROM_BYTES) return;
      const messages = count(bytes, shape, messagesMax);
      if (messages > messagesMax)
        throw fail('REQUEST_TOO_LARGE', `the request holds more than ${messagesMax} messages`);
    };
  }

  #method(path: string): DescMethod | undefined {
    const [, service = '', name] = path.split('/');
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

/** Stops soon after the limit. Bytes that are no message count as far as they can be read: the decoder refuses them. */
function count(bytes: Uint8Array, shape: Shape, max: number): number {
  let messages = 0;
  const waiting: (readonly [Uint8Array, Shape])[] = [[bytes, shape]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [part, fields] = next;
    const reader = new BinaryReader(part);
    try {
      while (reader.pos < reader.len) {
        const [number, wireType] = reader.tag();
        const nested = wireType === WireType.LengthDelimited ? fields.get(number) : undefined;
        if (nested === undefined) {
          reader.skip(wireType, number);
          continue;
        }
        messages += 1;
        if (messages > max) return messages;
        const content = reader.bytes();
        if (content.length > 0) waiting.push([content, nested]);
      }
    } catch {
      // What follows is not read by the decoder either.
    }
  }
  return messages;
}

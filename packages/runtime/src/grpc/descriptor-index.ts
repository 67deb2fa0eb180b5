/**
 * A FileDescriptorSet by file name, by symbol and by extension. Files are
 * handed out as the bytes that stand in the set, so comments survive.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

interface IndexedFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly dependencies: readonly string[];
}

/** Field number of `file` in google.protobuf.FileDescriptorSet. */
const FILE_FIELD = 1;

export class DescriptorIndex {
  readonly #files = new Map<string, IndexedFile>();
  readonly #symbols = new Map<string, string>();
  readonly #messages = new Set<string>();
  /** Extended message -> extension number -> file that extends it. */
  readonly #extensions = new Map<string, Map<number, string>>();

  /** @param descriptorSet an encoded google.protobuf.FileDescriptorSet */
  constructor(descriptorSet: Uint8Array) {
    for (const bytes of filesOf(descriptorSet)) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#files.set(file.name, {
        name: file.name,
        bytes: Buffer.from(bytes),
        dependencies: file.dependency,
      });
      this.#indexFile(file);
    }
  }

  /** A file and all that it imports, directly or not, each once; the file first. */
  filesByName(name: string): readonly Buffer[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const found = new Map<string, Buffer>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const file = this.#files.get(next);
      if (file === undefined || found.has(next)) continue;
      found.set(next, file.bytes);
      waiting.push(...file.dependencies);
    }
    return [...found.values()];
  }

  /** The same for the file that declares a message, field, enum, value, service, method or extension. */
  filesBySymbol(symbol: string): readonly Buffer[] | undefined {
    const file = this.#symbols.get(symbol.replace(/^\./, ''));
    return file === undefined ? undefined : this.filesByName(file);
  }

  filesByExtension(containingType: string, extensionNumber: number): readonly Buffer[] | undefined {
    const file = this.#extensions.get(containingType.replace(/^\./, ''))?.get(extensionNumber);
    return file === undefined ? undefined : this.filesByName(file);
  }

  /** Undefined when there is no such message; empty when nothing extends it. */
  extensionNumbers(message: string): readonly number[] | undefined {
    const name = message.replace(/^\./, '');
    if (!this.#messages.has(name)) return undefined;
    return [...(this.#extensions.get(name)?.keys() ?? [])].sort((a, b) => a - b);
  }

  #indexFile(file: FileDescriptorProto): void {
    const scope = file.package;
    for (const message of file.messageType) this.#indexMessage(file.name, scope, message);
    for (const enumeration of file.enumType) this.#indexEnum(file.name, scope, enumeration);
    for (const extension of file.extension) this.#indexExtension(file.name, scope, extension);
    for (const service of file.service) {
      const serviceName = this.#add(file.name, scope, service.name);
      for (const method of service.method) this.#add(file.name, serviceName, method.name);
    }
  }

  #indexMessage(file: string, scope: string, message: DescriptorProto): void {
    const name = this.#add(file, scope, message.name);
    this.#messages.add(name);
    for (const field of message.field) this.#add(file, name, field.name);
    for (const oneof of message.oneofDecl) this.#add(file, name, oneof.name);
    for (const nested of message.nestedType) this.#indexMessage(file, name, nested);
    for (const enumeration of message.enumType) this.#indexEnum(file, name, enumeration);
    for (const extension of message.extension) this.#indexExtension(file, name, extension);
  }

  /** Values of an enum stand in the scope around it, as in C++. */
  #indexEnum(file: string, scope: string, enumeration: EnumDescriptorProto): void {
    this.#add(file, scope, enumeration.name);
    for (const value of enumeration.value) this.#add(file, scope, value.name);
  }

  #indexExtension(file: string, scope: string, extension: FieldDescriptorProto): void {
    this.#add(file, scope, extension.name);
    const extendee = extension.extendee.replace(/^\./, '');
    const numbers = this.#extensions.get(extendee) ?? new Map<number, string>();
    this.#extensions.set(extendee, numbers.set(extension.number, file));
  }

  #add(file: string, scope: string, name: string): string {
    const symbol = scope === '' ? name : `${scope}.${name}`;
    this.#symbols.set(symbol, file);
    return symbol;
  }
}

/** The bytes of each file of the set, as they stand in it. */
function filesOf(descriptorSet: Uint8Array): readonly Uint8Array[] {
  const files: Uint8Array[] = [];
  const reader = new BinaryReader(descriptorSet);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FILE_FIELD && wireType === WireType.LengthDelimited) files.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return files;
}

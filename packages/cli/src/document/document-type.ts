/**
 * The type of our files, read from the embedded descriptor set: what checking
 * and the JSON Schema walk, so that neither can lag behind the contract.
 */
import {
  createFileRegistry,
  type DescEnum,
  type DescEnumValue,
  type DescField,
  type DescMessage,
  fromBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSet } from '@flagstream/protocol';
import { WHOLE_WEIGHT } from '../output/percent.ts';

const DOCUMENT_TYPE = 'flagstream.v1.FlagDocument';
/** What `format` must say. */
export const DOCUMENT_FORMAT = 'flagstream/v1';

const UINT32_MAX = 0xffff_ffff;
/** Where a number's type alone would promise more than any definition may hold. */
const FIELD_MAX: ReadonlyMap<string, number> = new Map([['flagstream.v1.SplitEntry.weight', WHOLE_WEIGHT]]);

/** Numbers of the members of descriptor.proto that lead to a definition. */
const IN_FILE = { message: 4, enum: 5 } as const;
const IN_MESSAGE = { field: 2, message: 3, enum: 4 } as const;
const IN_ENUM = { value: 2 } as const;

let loaded: { readonly document: DescMessage; readonly comments: ReadonlyMap<string, string> } | undefined;

/** flagstream.v1.FlagDocument */
export function documentType(): DescMessage {
  return load().document;
}

/** The comment above a definition, as one paragraph; "" without one. */
export function commentOf(desc: DescMessage | DescField | DescEnum | DescEnumValue): string {
  return load().comments.get(qualifiedName(desc)) ?? '';
}

/** Set by the server: ignored in files, read-only in editors. */
export function isOutputOnly(field: DescField): boolean {
  return commentOf(field).startsWith('OUTPUT_ONLY');
}

/** The greatest value that a field of the type uint32 takes. */
export function uint32Max(field: DescField): number {
  return FIELD_MAX.get(qualifiedName(field)) ?? UINT32_MAX;
}

function load(): NonNullable<typeof loaded> {
  if (loaded !== undefined) return loaded;
  const set = fromBinary(FileDescriptorSetSchema, descriptorSet());
  const document = createFileRegistry(set).getMessage(DOCUMENT_TYPE);
  if (document === undefined) throw new Error(`the descriptor set lacks ${DOCUMENT_TYPE}`);
  const comments = new Map<string, string>();
  for (const file of set.file) {
    const texts = new Map(
      (file.sourceCodeInfo?.location ?? []).map(
        (place) => [place.path.join('.'), place.leadingComments] as const,
      ),
    );
    const collect = (path: readonly number[], name: string): void => {
      const text = texts.get(path.join('.'));
      if (text !== undefined && text !== '') comments.set(name, oneParagraph(text));
    };
    file.messageType.forEach((message, i) => {
      collectMessage(message, [IN_FILE.message, i], file.package, collect);
    });
    file.enumType.forEach((each, i) => {
      collectEnum(each, [IN_FILE.enum, i], file.package, collect);
    });
  }
  loaded = { document, comments };
  return loaded;
}

type Collect = (path: readonly number[], name: string) => void;

interface NamedProto {
  readonly name: string;
}
interface EnumProto extends NamedProto {
  readonly value: readonly NamedProto[];
}
interface MessageProto extends NamedProto {
  readonly field: readonly NamedProto[];
  readonly nestedType: readonly MessageProto[];
  readonly enumType: readonly EnumProto[];
}

function collectMessage(
  message: MessageProto,
  path: readonly number[],
  scope: string,
  collect: Collect,
): void {
  const name = `${scope}.${message.name}`;
  collect(path, name);
  message.field.forEach((field, i) => {
    collect([...path, IN_MESSAGE.field, i], `${name}.${field.name}`);
  });
  message.nestedType.forEach((nested, i) => {
    collectMessage(nested, [...path, IN_MESSAGE.message, i], name, collect);
  });
  message.enumType.forEach((nested, i) => {
    collectEnum(nested, [...path, IN_MESSAGE.enum, i], name, collect);
  });
}

function collectEnum(desc: EnumProto, path: readonly number[], scope: string, collect: Collect): void {
  const name = `${scope}.${desc.name}`;
  collect(path, name);
  desc.value.forEach((value, i) => {
    collect([...path, IN_ENUM.value, i], `${name}.${value.name}`);
  });
}

function qualifiedName(desc: DescMessage | DescField | DescEnum | DescEnumValue): string {
  return desc.kind === 'message' || desc.kind === 'enum'
    ? desc.typeName
    : `${desc.parent.typeName}.${desc.name}`;
}

function oneParagraph(comment: string): string {
  return comment.trim().replace(/\s*\n\s*/g, ' ');
}

/**
 * The entities of a stored snapshot, read from their bytes: a start reads tens
 * of thousands, and for each of them the generated decoder makes three objects
 * and a copy of what it holds.
 *
 * Holds true: it reads what the generated decoder reads. Contents and hashes are
 * views of the bytes, which nobody may change any more.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { EntityChange, EntityKind, VersionedEntity } from '@flagstream/replica';
import { tagOf } from './evaluation/wire-reader.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const ENTITY = tagOf(1, WireType.LengthDelimited);
const IN_ENTITY = { change: tagOf(1, WireType.LengthDelimited), version: tagOf(2, WireType.Varint) } as const;
const IN_CHANGE = {
  kind: tagOf(1, WireType.Varint),
  project: tagOf(2, WireType.LengthDelimited),
  environment: tagOf(3, WireType.LengthDelimited),
  key: tagOf(4, WireType.LengthDelimited),
  deleted: tagOf(5, WireType.Varint),
  content: tagOf(6, WireType.LengthDelimited),
  contentHash: tagOf(7, WireType.LengthDelimited),
  tags: tagOf(8, WireType.LengthDelimited),
  clientVisible: tagOf(9, WireType.Varint),
} as const;
const NO_BYTES = new Uint8Array(0);

/**
 * @param bytes an encoded SnapshotEntities
 * @throws Error when they are none, RangeError for an entity without content or a version that no log of ours reaches
 */
export function readSnapshotEntities(bytes: Uint8Array): VersionedEntity[] {
  return new EntityReader(bytes).all();
}

class EntityReader {
  readonly #reader: BinaryReader;
  /** Most entities are of the project and environment of the one before: they share its texts. */
  #project = '';
  #environment = '';

  constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes);
  }

  all(): VersionedEntity[] {
    const reader = this.#reader;
    const entities: VersionedEntity[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === ENTITY) entities.push(this.#entity(this.#end()));
      else this.#skip(tag);
    }
    return entities;
  }

  #entity(end: number): VersionedEntity {
    const reader = this.#reader;
    let change: EntityChange | undefined;
    let version = 0;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === IN_ENTITY.change) change = this.#change(this.#end());
      else if (tag === IN_ENTITY.version) version = this.#revision();
      else this.#skip(tag);
    }
    if (change === undefined) throw new RangeError('a snapshot entity without content');
    return { change, version };
  }

  #change(end: number): EntityChange {
    const reader = this.#reader;
    const tags: string[] = [];
    const change: Mutable<EntityChange> = {
      kind: 0 as EntityKind,
      project: '',
      environment: '',
      key: '',
      deleted: false,
      content: NO_BYTES,
      contentHash: NO_BYTES,
      tags,
      clientVisible: false,
    };
    while (reader.pos < end) {
      const tag = reader.uint32();
      switch (tag) {
        case IN_CHANGE.kind:
          change.kind = reader.int32() as EntityKind;
          break;
        case IN_CHANGE.project: {
          const project = reader.string();
          if (project !== this.#project) this.#project = project;
          change.project = this.#project;
          break;
        }
        case IN_CHANGE.environment: {
          const environment = reader.string();
          if (environment !== '' && environment !== this.#environment) this.#environment = environment;
          change.environment = environment === '' ? '' : this.#environment;
          break;
        }
        case IN_CHANGE.key:
          change.key = reader.string();
          break;
        case IN_CHANGE.deleted:
          change.deleted = reader.bool();
          break;
        case IN_CHANGE.content:
          change.content = reader.bytes();
          break;
        case IN_CHANGE.contentHash:
          change.contentHash = reader.bytes();
          break;
        case IN_CHANGE.tags:
          tags.push(reader.string());
          break;
        case IN_CHANGE.clientVisible:
          change.clientVisible = reader.bool();
          break;
        default:
          this.#skip(tag);
      }
    }
    return change;
  }

  /** Where a message ends that begins here with its length. */
  #end(): number {
    const length = this.#reader.uint32();
    return this.#reader.pos + length;
  }

  #revision(): number {
    const version = Number(this.#reader.uint64());
    if (version > Number.MAX_SAFE_INTEGER) throw new RangeError(`${version} is not a revision`);
    return version;
  }

  #skip(tag: number): void {
    this.#reader.skip(tag & 7, tag >>> 3);
  }
}

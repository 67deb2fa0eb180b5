/**
 * The five kinds of resources: how each is encoded as an entity's content, and
 * which of its fields a person may write.
 *
 * Content is the message without its OUTPUT_ONLY fields, except archive_time
 * and a segment's parts, which are part of the state.
 */
import type { JsonObject } from '@flagstream/engine';
import { type ErrorReason, formatName, type NamedKind, sha256 } from '@flagstream/protocol';
import {
  Environment,
  Flag,
  FlagConfig,
  Project,
  Segment,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange, type EntityId } from '@flagstream/replica';

export type Message = Project | Environment | Flag | FlagConfig | Segment;

/** The part of generated message functions that is used here. */
interface MessageCodec<M> {
  encode(message: M): { finish(): Uint8Array };
  decode(bytes: Uint8Array): M;
  toJSON(message: M): unknown;
  fromPartial(fields: object): M;
}

export interface ResourceType {
  readonly kind: NamedKind;
  /** For messages: "flag". */
  readonly noun: string;
  readonly notFound: ErrorReason;
  /** Property names of the fields that a person may write. */
  readonly writable: readonly string[];
  /** Property names of the other fields, which an update_mask may not name. */
  readonly outputOnly: readonly string[];
  readonly empty: () => Message;
  readonly decode: (content: Uint8Array) => Message;
  readonly encode: (message: Message) => Uint8Array;
  /** Proto JSON. Throws on enum values that this release does not know. */
  readonly toJson: (message: Message) => JsonObject;
}

const TIMES = ['etag', 'createTime', 'updateTime'];

function resourceType<M extends Message>(
  codec: MessageCodec<M>,
  about: Pick<ResourceType, 'kind' | 'noun' | 'notFound' | 'writable' | 'outputOnly'>,
): ResourceType {
  return {
    ...about,
    outputOnly: ['name', ...TIMES, ...about.outputOnly],
    empty: () => codec.fromPartial({}),
    decode: (content) => codec.decode(content),
    encode: (message) => codec.encode(message as M).finish(),
    toJson: (message) => codec.toJSON(message as M) as JsonObject,
  };
}

export const RESOURCE_TYPES: Readonly<Record<NamedKind, ResourceType>> = {
  [ENTITY_KIND.project]: resourceType(Project, {
    kind: ENTITY_KIND.project,
    noun: 'project',
    notFound: 'PROJECT_NOT_FOUND',
    writable: ['displayName', 'description'],
    outputOnly: ['archiveTime'],
  }),
  [ENTITY_KIND.environment]: resourceType(Environment, {
    kind: ENTITY_KIND.environment,
    noun: 'environment',
    notFound: 'ENVIRONMENT_NOT_FOUND',
    writable: ['displayName', 'description', 'protected'],
    outputOnly: ['archiveTime'],
  }),
  [ENTITY_KIND.flag]: resourceType(Flag, {
    kind: ENTITY_KIND.flag,
    noun: 'flag',
    notFound: 'FLAG_NOT_FOUND',
    writable: [
      'kind',
      'variants',
      'offVariant',
      'displayName',
      'description',
      'owner',
      'tags',
      'lifecycle',
      'clientVisible',
      'provenance',
      'metadata',
      'namesakes',
    ],
    outputOnly: ['archiveTime'],
  }),
  [ENTITY_KIND.flagConfig]: resourceType(FlagConfig, {
    kind: ENTITY_KIND.flagConfig,
    noun: 'flag configuration',
    notFound: 'FLAG_NOT_FOUND',
    writable: [
      'enabled',
      'offVariant',
      'prerequisites',
      'prerequisitesBeforeSwitch',
      'holdouts',
      'targets',
      'rules',
      'fallthrough',
      'jsonLogicDialect',
    ],
    outputOnly: [],
  }),
  [ENTITY_KIND.segment]: resourceType(Segment, {
    kind: ENTITY_KIND.segment,
    noun: 'segment',
    notFound: 'SEGMENT_NOT_FOUND',
    writable: [
      'displayName',
      'description',
      'tags',
      'attribute',
      'contextKind',
      'included',
      'excluded',
      'includedFirst',
      'condition',
    ],
    outputOnly: ['archiveTime', 'parts', 'memberCount'],
  }),
};

/** The type of an entity that has a resource name. */
export function typeOf(id: EntityId): ResourceType {
  return RESOURCE_TYPES[id.kind as NamedKind];
}

/** The entity that a message becomes: its name set, its OUTPUT_ONLY fields cleared. */
export function changeOf(id: EntityId, message: Message, deleted: boolean): EntityChange {
  const stored: Message = { ...message, name: formatName(id), etag: '' };
  delete stored.createTime;
  delete stored.updateTime;
  if ('memberCount' in stored) stored.memberCount = 0n;
  const content = typeOf(id).encode(stored);
  return {
    ...id,
    deleted,
    content,
    contentHash: sha256(content),
    tags: 'tags' in message ? message.tags : [],
    clientVisible: 'clientVisible' in message && message.clientVisible,
  };
}

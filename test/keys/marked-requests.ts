// Requests of every method, drawn from the descriptors: they name what is there, in and out of reach, and say
// nothing else that could be taken for somebody's own.

import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import type { Random } from '../sim/world/random.ts';
import { privateValue } from '../support/private-value.ts';
import type { Holder, MarkedWorld } from './marked-world.ts';
import type { Spot } from './marks.ts';

/** What requests may refer to beyond names. */
export interface Seen {
  /** The newest revision. */
  readonly head: number;
  readonly epoch: number;
  readonly pageTokens: readonly string[];
}

export interface DrawnRequest {
  readonly json: JsonObject;
  readonly bytes: Uint8Array;
}

/** What ends something for ever. */
export const ENDING = /^(Archive(Project|Environment)|RevokeKey|RotateKey)$/;
/** Levels drawn field by field; rules go on below that without end. */
const DEPTH_MAX = 4;
const OWN_PLACE = 0.7;
const CONTEXTS: readonly JsonObject[] = [
  { email: privateValue('email') },
  { targetingKey: 'user-1', plan: 'gold', email: privateValue('email') },
  { targetingKey: 'user-2' },
  { targetingKey: privateValue('user'), broken: 'yes' },
];

export function drawRequest(
  random: Random,
  method: DescMethod,
  world: MarkedWorld,
  holder: Holder,
  seen: Seen,
): DrawnRequest {
  const json = new Draw(random, world, holder, seen).message(method.input, 0);
  // Who may end what the other cases need tries it only.
  if (holder.mayEnd && endsWhatMustLast(method, world, json)) json['validateOnly'] = true;
  return { json, bytes: requestBytes(method, json) };
}

function endsWhatMustLast(method: DescMethod, world: MarkedWorld, json: JsonObject): boolean {
  // To take back the revision that made a project is to archive it.
  if (method.name === 'Revert') return true;
  if (method.name === 'ApplyChangeSet') {
    const changes = (json['changes'] ?? []) as readonly JsonObject[];
    return changes.some(({ archive }) => world.mustLast(String(archive)));
  }
  return ENDING.test(method.name) && world.mustLast(String(json['name']));
}

export function requestBytes(method: DescMethod, json: JsonValue): Uint8Array {
  let message: MessageShape<DescMessage>;
  try {
    message = fromJson(method.input, json);
  } catch {
    // A mask or an instant that JSON cannot say.
    message = create(method.input);
  }
  return toBinary(method.input, message);
}

class Draw {
  readonly #random: Random;
  readonly #world: MarkedWorld;
  readonly #seen: Seen;
  /** What the whole request is about. */
  readonly #spot: Spot;

  constructor(random: Random, world: MarkedWorld, { home }: Holder, seen: Seen) {
    this.#random = random;
    this.#world = world;
    this.#seen = seen;
    const near = world.spots.filter(({ p, e }) => (home.p ?? p) === p && (home.e ?? e) === e);
    this.#spot = random.pick(random.chance(OWN_PLACE) ? near : world.spots);
  }

  message(type: DescMessage, depth: number): JsonObject {
    const random = this.#random;
    const json: Record<string, JsonValue> = {};
    const chosen = new Map(type.oneofs.map((oneof) => [oneof, random.pick(oneof.fields)]));
    for (const field of type.fields) {
      const named = /^(name|parent|flag_key|flag_id|flag)$/.test(field.name);
      const present =
        field.oneof === undefined ? random.chance(named ? 0.97 : 0.45) : chosen.get(field.oneof) === field;
      if (!present) continue;
      const value = this.#field(field, depth);
      if (value !== undefined) json[field.jsonName] = value;
    }
    return json;
  }

  #field(field: DescField, depth: number): JsonValue | undefined {
    const random = this.#random;
    const times = random.int(0, 2);
    switch (field.fieldKind) {
      case 'message':
        return this.#nested(field.message, depth);
      case 'enum':
        return random.int(0, 4);
      case 'scalar':
        return this.#scalar(field, field.scalar);
      case 'map': {
        const { p } = this.#spot;
        const own = this.#world.spots.filter((spot) => spot.p === p);
        const value = field.mapKind === 'message' ? this.#nested(field.message, depth) : 'plain';
        const key = this.#world.environment(random.pick(own)).split('/').at(-1)!;
        return value === undefined ? {} : { [key]: value };
      }
      case 'list':
        return Array.from({ length: times }, () =>
          field.listKind === 'message'
            ? this.#nested(field.message, depth)
            : field.listKind === 'enum'
              ? random.int(0, 4)
              : this.#scalar(field, field.scalar),
        ).filter((value) => value !== undefined);
    }
  }

  #nested(type: DescMessage, depth: number): JsonValue | undefined {
    const random = this.#random;
    const { head, epoch } = this.#seen;
    switch (type.typeName) {
      case 'google.protobuf.Struct':
        return random.pick(CONTEXTS);
      case 'google.protobuf.Value':
        return random.pick<JsonValue>(['plain', 3, true, ['plain']]);
      case 'google.protobuf.Timestamp':
        return new Date(Date.now() - random.int(0, 60_000)).toISOString();
      case 'google.protobuf.FieldMask':
        return random.pick([
          'displayName',
          'description',
          'tags,owner',
          'rules',
          'enabled',
          'name',
          '*',
          'etag',
        ]);
      case 'flagstream.v1.Revision':
        return { epoch: random.pick([0, epoch, epoch]), revision: String(random.int(0, head)) };
      default:
        return depth >= DEPTH_MAX ? undefined : this.message(type, depth + 1);
    }
  }

  #scalar(field: DescField, type: ScalarType): JsonValue {
    const random = this.#random;
    switch (type) {
      case ScalarType.STRING:
        return this.#text(field);
      case ScalarType.BYTES:
        return Buffer.from(random.bytes(random.pick([0, 16, 32]))).toString('base64');
      case ScalarType.BOOL:
        return random.chance(0.4);
      case ScalarType.INT64:
      case ScalarType.UINT64:
      case ScalarType.FIXED64:
        return String(random.int(0, this.#seen.head));
      default:
        return field.name === 'page_size' ? random.int(0, 4) : random.int(0, 3);
    }
  }

  #text({ name, parent }: DescField): string {
    const random = this.#random;
    const { p, e } = this.#spot;
    const world = this.#world;
    const flag = world.flagKey(p, random.int(0, 4));
    const project = world.project(p).split('/').at(-1)!;
    const environment = world.environment({ p, e }).split('/').at(-1)!;
    switch (name) {
      case 'name':
      case 'parent':
      case 'archive':
        return this.#resourceName(parent.name, name === 'parent');
      case 'page_token':
        return random.pick(['', ...this.#seen.pageTokens.slice(-20)]);
      case 'op_id':
        return random.pick(['', '', `op-${random.int(0, 5)}`]);
      case 'project':
        return project;
      case 'environment':
        return environment;
      case 'project_id':
      case 'environment_id':
      case 'segment_id':
      case 'flag_id':
        return `plain-${random.int(0, 1_000_000)}`;
      case 'flag':
      case 'flag_key':
      case 'flag_keys':
      case 'key_prefixes':
        return flag;
      case 'segment':
        return world.segmentKey(p, random.int(0, 2));
      case 'variant':
      case 'variants':
      case 'off_variant':
        return world.variantKey(p, random.int(0, 3), random.int(0, 2));
      default:
        return random.pick(['', 'plain', 'user-1', 'plan', 'equals']);
    }
  }

  #keyName(): string {
    const names = this.#world.keyNames;
    const near = names.filter((name) => name.startsWith(`${this.#world.environment(this.#spot)}/`));
    return this.#random.pick(near.length > 0 && this.#random.chance(OWN_PLACE) ? near : names);
  }

  #resourceName(type: string, isParent: boolean): string {
    const random = this.#random;
    const world = this.#world;
    const spot = this.#spot;
    const project = world.project(spot.p);
    const environment = world.environment(spot);
    const flag = world.flagKey(spot.p, random.int(0, 4));
    const forms = {
      project,
      environment,
      flag: `${project}/flags/${flag}`,
      segment: `${project}/segments/${world.segmentKey(spot.p, random.int(0, 2))}`,
      config: `${environment}/flagConfigs/${flag}`,
      key: this.#keyName(),
    };
    if (isParent) {
      if (random.chance(0.2)) return random.pick(['', project, environment]);
      return /Config|Key|EvaluateAt|Answer/.test(type) ? environment : project;
    }
    if (random.chance(0.05)) return random.pick(['', ...Object.values(forms)]);
    if (/Config/.test(type)) return forms.config;
    if (/Key/.test(type)) return forms.key;
    if (/Flag/.test(type)) return forms.flag;
    if (/Segment/.test(type)) return forms.segment;
    if (/Environment/.test(type)) return forms.environment;
    if (/Project/.test(type)) return forms.project;
    return random.pick(['', ...Object.values(forms)]);
  }
}

/**
 * What the simulated flags look like. Two of them, `left` and `right`, are
 * always written together and serve the same variant: whoever sees them differ
 * has seen half a change.
 */
import { sha256 } from '@flagstream/protocol';
import { Environment, Flag, FlagConfig, Project } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange, type EntityId } from '@flagstream/replica';

export const PROJECT = 'p';
/** The environment that clients and evaluations look at; `other` is its neighbour. */
export const ENVIRONMENT = 'dev';
export const OTHER_ENVIRONMENT = 'prod';
export const PAIR = ['left', 'right'] as const;
export const SINGLES = ['a', 'b', 'c'] as const;
export const VARIANTS = 8;

const NOTHING = new Uint8Array(0);
const contents = new Map<string, EntityChange>();

function entity(id: EntityId, name: string, encode: () => Uint8Array): EntityChange {
  const key = `${id.kind}/${id.environment}/${id.key}/${name}`;
  let change = contents.get(key);
  if (change === undefined) {
    const content = encode();
    const contentHash = sha256(content);
    change = { ...id, deleted: false, content, contentHash, tags: [], clientVisible: false };
    contents.set(key, change);
  }
  return change;
}

const flagId = (key: string): EntityId => ({
  kind: ENTITY_KIND.flag,
  project: PROJECT,
  environment: '',
  key,
});
const configId = (environment: string, key: string): EntityId => ({
  kind: ENTITY_KIND.flagConfig,
  project: PROJECT,
  environment,
  key,
});

export function flag(key: string): EntityChange {
  const variants = Array.from({ length: VARIANTS }, (_, i) => ({ key: `v${i}`, value: `v${i}` }));
  const json = { kind: 'FLAG_KIND_STRING', variants, offVariant: 'v0' };
  return entity(flagId(key), 'flag', () => Flag.encode(Flag.fromJSON(json)).finish());
}

/** On, and this variant for everybody. One that the flag does not have is what no evaluator can compile. */
export function config(environment: string, key: string, variant: string): EntityChange {
  const json = { enabled: true, fallthrough: { variant } };
  return entity(configId(environment, key), variant, () =>
    FlagConfig.encode(FlagConfig.fromJSON(json)).finish(),
  );
}

export function removed(key: string): readonly EntityChange[] {
  const gone = (id: EntityId): EntityChange => ({
    ...id,
    deleted: true,
    content: NOTHING,
    contentHash: sha256(NOTHING),
    tags: [],
    clientVisible: false,
  });
  return [gone(flagId(key)), gone(configId(ENVIRONMENT, key)), gone(configId(OTHER_ENVIRONMENT, key))];
}

/** Both flags of the pair, at once. */
export function pair(variant: string): readonly EntityChange[] {
  return PAIR.map((key) => config(ENVIRONMENT, key, variant));
}

/** What every log begins with. */
export function firstSet(): readonly EntityChange[] {
  const place = (kind: EntityId['kind'], key: string, encode: () => Uint8Array): EntityChange =>
    entity({ kind, project: PROJECT, environment: '', key }, 'place', encode);
  return [
    place(ENTITY_KIND.project, PROJECT, () => Project.encode(Project.fromJSON({})).finish()),
    ...[ENVIRONMENT, OTHER_ENVIRONMENT].map((key) =>
      place(ENTITY_KIND.environment, key, () => Environment.encode(Environment.fromJSON({})).finish()),
    ),
    ...[...PAIR, ...SINGLES].map(flag),
    ...pair('v1'),
  ];
}

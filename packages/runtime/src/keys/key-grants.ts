/** What an API key allows: by its kind, its roles, and the verbs that it is limited to. */
import { type ApiKey, KeyKind, Role, Verb as WireVerb } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Grant, Place, Verb } from '../grpc/principal.ts';

/** Whoever shows a valid key may look at health and at reflection, where that is served. */
const ALWAYS: readonly Verb[] = ['inspect', 'health'];

const OF_KIND: ReadonlyMap<KeyKind, readonly Verb[]> = new Map([
  [KeyKind.SERVER, ['evaluate', 'explain', 'sync']],
  [KeyKind.CLIENT, ['evaluate']],
]);

const READS: readonly Verb[] = ['read', 'evaluate', 'explain'];
const OF_ROLE: ReadonlyMap<Role, readonly Verb[]> = new Map([
  [Role.VIEWER, READS],
  [Role.EDITOR, [...READS, 'write']],
  [Role.OWNER, [...READS, 'write', 'administer', 'log']],
  [Role.NODE, ['log']],
]);

/** An owner makes server keys, which may do what no admin key may itself. */
const PASSED_ON_BY_ROLE: ReadonlyMap<Role, readonly Verb[]> = new Map([[Role.OWNER, ['sync']]]);

const OF_WIRE: ReadonlyMap<WireVerb, Verb> = new Map([
  [WireVerb.EVALUATE, 'evaluate'],
  [WireVerb.EXPLAIN, 'explain'],
  [WireVerb.SYNC, 'sync'],
  [WireVerb.LOG, 'log'],
  [WireVerb.READ, 'read'],
  [WireVerb.WRITE, 'write'],
  [WireVerb.ADMINISTER, 'administer'],
]);

/** What the key grants, and where. A kind, role or verb of a newer release grants nothing. */
export function grantsOf(key: ApiKey, place: Place): readonly Grant[] {
  const limited = key.verbs.length === 0 ? undefined : new Set(key.verbs.map((verb) => OF_WIRE.get(verb)));
  const within = (verbs: readonly Verb[] = []): Verb[] => verbs.filter((verb) => limited?.has(verb) ?? true);
  if (key.kind !== KeyKind.ADMIN)
    return [{ ...place, verbs: new Set([...within(OF_KIND.get(key.kind)), ...ALWAYS]) }];
  return key.roles.map(({ role, project, environment }) => {
    const verbs = new Set([...within(OF_ROLE.get(role)), ...ALWAYS]);
    const passable = new Set([...verbs, ...within(PASSED_ON_BY_ROLE.get(role))]);
    return { project, environment, verbs, passable };
  });
}

/** The verbs of a grant that not every key has. */
export function grantedVerbs({ verbs }: Grant): readonly Verb[] {
  return [...verbs].filter((verb) => !ALWAYS.includes(verb));
}

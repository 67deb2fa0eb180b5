/**
 * Contexts that no client sends by accident: names of prototypes, depths and
 * sizes beyond reason, circles, values that are no JSON, objects that run code.
 */
import type { JsonObject, JsonValue } from '../model.ts';
import { ATTRIBUTES } from './vocabulary.fixture.ts';

export interface HostileContext {
  readonly context: JsonObject;
  /** It throws when it is read, which is told as an error of the evaluation. */
  readonly throws: boolean;
}

const DEPTH = 100_000;
const HUGE = 300_000;

function foreign(value: unknown): JsonValue {
  return value as JsonValue;
}

/** The value at every attribute that definitions name. */
function everywhere(value: JsonValue): JsonObject {
  const device = { os: value, version: value };
  const members = Object.fromEntries(
    [...ATTRIBUTES, 'targetingKey', 'org', 'user'].map((name) => [name, value]),
  );
  return { ...members, device };
}

function deep(list: boolean): JsonValue {
  let value: JsonValue = 'bottom';
  for (let level = 0; level < DEPTH; level += 1) value = list ? [value] : { os: value, country: 'FR' };
  return value;
}

function cyclic(): JsonObject {
  const context: Record<string, JsonValue> = { country: 'FR' };
  const list: JsonValue[] = [];
  list.push(context, list);
  Object.assign(context, { device: context, groups: list, org: context, os: context });
  return context;
}

/** Answers with itself whatever is asked, so that no path and no loop ends. */
function endless(): JsonObject {
  const proxy: JsonObject = new Proxy<JsonObject>(
    {},
    {
      get: () => proxy,
      has: () => true,
      ownKeys: () => ['country', 'kind', 'org'],
      getOwnPropertyDescriptor: () => ({
        value: proxy,
        enumerable: true,
        configurable: true,
        writable: true,
      }),
    },
  );
  return proxy;
}

function failure(): never {
  throw new Error('the context does not want to be read');
}

/** Traps for a proxy of anything. */
const throwing = {
  get: failure,
  has: failure,
  ownKeys: failure,
  getOwnPropertyDescriptor: failure,
  getPrototypeOf: failure,
};

/** What is thrown need not be an error, nor bear to be looked at. */
const UNREADABLE: Readonly<Record<string, unknown>> = {
  'a proxy': new Proxy({}, throwing),
  'an object without text': Object.create(null),
  'an error whose message throws': Object.defineProperty(new Error(), 'message', { get: failure }),
};

function throwingEverywhere(thrower: () => never): JsonObject {
  const names = Object.keys(everywhere('x'));
  const getters = names.map((name) => [name, { enumerable: true, get: thrower }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters)) as JsonObject;
}

const harmless: Readonly<Record<string, JsonObject>> = {
  'own members with the names of prototypes': JSON.parse(
    '{"__proto__":{"country":"FR","kind":"multi"},"constructor":{"prototype":{"country":"FR"}},"toString":1,"hasOwnProperty":false}',
  ) as JsonObject,
  'without a prototype': Object.assign(Object.create(null) as object, {
    country: 'FR',
    kind: 'org',
  }) as JsonObject,
  'with an inherited country': Object.create({ country: 'FR', targetingKey: 'user-1' }) as JsonObject,
  'frozen, with a list that has holes': Object.freeze({ groups: foreign(new Array(5)), country: 'FR' }),
  'objects nested 100,000 deep': everywhere(deep(false)),
  'lists nested 100,000 deep': everywhere(deep(true)),
  cyclic: cyclic(),
  'a list of 300,000 texts': everywhere(new Array<JsonValue>(HUGE).fill('fr')),
  'a list of 300,000 lists': everywhere(Array.from({ length: HUGE }, () => [])),
  'a text of 300,000 characters': everywhere('a'.repeat(HUGE)),
  '300,000 members': Object.fromEntries(Array.from({ length: HUGE }, (_, index) => [`a${index}`, index])),
  'lone surrogates': everywhere('\ud800\udc00\ud800'),
  'numbers that JSON does not have': everywhere([Number.NaN, Infinity, -Infinity, -0, 5e-324]),
  'not a number': everywhere(Number.NaN),
  'bigint values': everywhere(foreign(10n)),
  'functions and symbols': everywhere(foreign([() => 'FR', Symbol('FR')])),
  'undefined members': everywhere(foreign(undefined)),
  dates: everywhere(foreign(new Date(0))),
  'maps and boxed values': everywhere(foreign([new Map([['a', 1]]), Object('FR'), Object(1)])),
  'expressions in place of values': everywhere({
    if: [{ var: 'country' }, { map: [{ var: '' }, { var: '' }] }],
  }),
  'a flag context of its own': { $flagd: { flagKey: 'x', timestamp: 'now' }, country: 'FR' },
  'an endless proxy': endless(),
};

const failing: Readonly<Record<string, JsonObject>> = {
  'a proxy that throws whatever is asked': new Proxy({}, throwing),
  'getters that throw': throwingEverywhere(failure),
  ...Object.fromEntries(
    Object.entries(UNREADABLE).map(([name, thrown]) => [
      `getters that throw ${name}`,
      throwingEverywhere(() => {
        throw thrown;
      }),
    ]),
  ),
  'lists that throw': everywhere(foreign(new Proxy<JsonValue[]>([], throwing))),
};

export const HOSTILE_CONTEXTS: ReadonlyMap<string, HostileContext> = new Map<string, HostileContext>([
  ...Object.entries(harmless).map(([name, context]) => [name, { context, throws: false }] as const),
  ...Object.entries(failing).map(([name, context]) => [name, { context, throws: true }] as const),
]);

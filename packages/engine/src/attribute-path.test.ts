import { describe, expect, test } from 'vitest';
import { parseAttribute } from './attribute-path.ts';
import type { JsonObject, JsonValue } from './model.ts';
import { type Problem, ProblemList } from './problem.ts';

function read(attribute: string, context: JsonObject, kind = ''): JsonValue | undefined {
  const problems: Problem[] = [];
  const reader = parseAttribute(attribute, kind, 'attribute', new ProblemList('segment', 's', problems));
  expect(problems).toEqual([]);
  return reader.read(context);
}

function problemCodes(attribute: string, kind = ''): string[] {
  const problems: Problem[] = [];
  parseAttribute(attribute, kind, 'attribute', new ProblemList('segment', 's', problems));
  return problems.map((problem) => problem.code);
}

describe('an attribute path', () => {
  const context: JsonObject = {
    targetingKey: 'user-1',
    country: 'FR',
    nothing: null,
    zero: 0,
    device: { os: 'ios', 'a/b': 1, '~c': 2, '': 'empty' },
    'device.os': 'literal',
    'app.version': '2',
    list: ['x', { y: 'z' }],
    text: 'abc',
    eleven: [...'abcdefghijk'],
    undefined: 'a key like any other',
  };

  test.each<[string, JsonValue | undefined]>([
    ['', 'user-1'],
    ['targetingKey', 'user-1'],
    ['country', 'FR'],
    ['zero', 0],
    ['nothing', undefined],
    ['absent', undefined],
    ['device.os', 'literal'],
    ['device.absent', undefined],
    ['app.version', '2'],
    ['/device/os', 'ios'],
    ['/device/a~1b', 1],
    ['/device/~0c', 2],
    ['/device/', 'empty'],
    ['/country', 'FR'],
    ['list.0', 'x'],
    ['list.1.y', 'z'],
    ['/list/1/y', 'z'],
    ['list.00', undefined],
    ['list.2', undefined],
    ['list.length', undefined],
    ['eleven.10', 'k'],
    ['eleven.11', undefined],
    ['undefined', 'a key like any other'],
    ['/device/absent', undefined],
    ['text.length', undefined],
    ['country.0', undefined],
    ['nothing.x', undefined],
    ['toString', undefined],
    ['hasOwnProperty.name', undefined],
  ])('%j reads %j', (attribute, value) => {
    expect(read(attribute, context)).toEqual(value);
  });

  test('takes an empty targeting key for an absent one, but no other empty text', () => {
    expect(read('', { targetingKey: '' })).toBeUndefined();
    expect(read('/targetingKey', { targetingKey: '' })).toBeUndefined();
    expect(read('country', { country: '' })).toBe('');
  });

  test('reads own properties only', () => {
    const context = Object.create({ country: 'inherited' }) as JsonObject;
    expect(read('country', context)).toBeUndefined();
    expect(read('a.country', { a: context })).toBeUndefined();
  });

  test.each([
    ['__proto__'],
    ['a.constructor'],
    ['/prototype'],
    ['/a/__proto__/b'],
    ['/a~2b'],
    ['/a~'],
    ['x'.repeat(257)],
  ])('refuses %j', (attribute) => {
    expect(problemCodes(attribute)).toEqual([attribute.length > 256 ? 'LIMIT_EXCEEDED' : 'BAD_ATTRIBUTE']);
  });

  test('may have 256 characters', () => {
    expect(read('x'.repeat(256), { ['x'.repeat(256)]: 1 })).toBe(1);
  });
});

describe('an attribute of one kind of context', () => {
  const multi: JsonObject = {
    kind: 'multi',
    user: { targetingKey: 'u', plan: 'pro' },
    org: { key: 'acme', plan: 'free', address: { city: 'Paris' } },
    team: 'no context',
    list: ['no context'],
    plan: 'outside',
  };

  test.each<[string, string, JsonValue | undefined]>([
    ['plan', 'user', 'pro'],
    ['plan', 'org', 'free'],
    ['address.city', 'org', 'Paris'],
    ['/address/city', 'org', 'Paris'],
    ['', 'user', 'u'],
    ['', 'org', 'acme'],
    ['targetingKey', 'org', 'acme'],
    ['absent', 'org', undefined],
    ['plan', 'team', undefined],
    ['length', 'team', undefined],
    ['0', 'list', undefined],
    ['plan', 'device', undefined],
    ['plan', 'toString', undefined],
  ])('%j of %s is %j', (attribute, kind, value) => {
    expect(read(attribute, multi, kind)).toBe(value);
  });

  test('an empty key is an absent targeting key, as an empty targetingKey is', () => {
    expect(read('', { kind: 'org', key: '' }, 'org')).toBeUndefined();
    expect(read('', { kind: 'org', targetingKey: '', key: 'acme' }, 'org')).toBe('acme');
    expect(read('key', { kind: 'org', key: '' }, 'org')).toBe('');
  });

  test('a context of a single kind is itself of that kind, of "user" when it names none', () => {
    expect(read('plan', { kind: 'org', plan: 'free' }, 'org')).toBe('free');
    expect(read('plan', { kind: 'org', plan: 'free' }, 'user')).toBeUndefined();
    expect(read('plan', { plan: 'free' }, 'user')).toBe('free');
    expect(read('plan', { plan: 'free' }, 'org')).toBeUndefined();
    expect(read('plan', { kind: 'org', user: { plan: 'pro' } }, 'user')).toBeUndefined();
    expect(read('', { targetingKey: '', key: 'k' }, 'user')).toBe('k');
  });

  test('is called by its kind and its name', () => {
    const { name } = parseAttribute('plan', 'org', 'attribute', new ProblemList('segment', 's', []));
    expect(name).toBe('org plan');
  });

  test('a kind may have 256 characters', () => {
    expect(read('plan', { kind: 'k'.repeat(256), plan: 'free' }, 'k'.repeat(256))).toBe('free');
  });

  test.each(['multi', '__proto__', 'constructor', 'k'.repeat(257)])('%j is no kind', (kind) => {
    expect(problemCodes('plan', kind)).toEqual(['BAD_ATTRIBUTE']);
  });
});

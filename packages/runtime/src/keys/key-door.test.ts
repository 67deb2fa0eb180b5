import { KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  loopbackPrincipal,
  type Verb as OurVerb,
  type Principal,
  permits,
  VERBS,
} from '../grpc/principal.ts';
import { NOW_MS, seconds, type TestKey, testKey } from './key.fixture.ts';
import { KeyDoor, type KeyDoorOptions } from './key-door.ts';
import { KeyRing } from './key-ring.ts';
import { KeyUse } from './key-use.ts';

const DEFAULTS = { project: 'p', environment: 'dev' };

class Bench {
  readonly ring = new KeyRing();
  readonly use = new KeyUse();
  nowMs = NOW_MS;
  ready = true;

  constructor(...keys: TestKey[]) {
    this.ring.replace(keys.map(({ change }) => change));
  }

  door(over: Partial<KeyDoorOptions> = {}): KeyDoor {
    return new KeyDoor({
      ring: this.ring,
      use: this.use,
      now: () => this.nowMs,
      ready: () => this.ready,
      anonymous: undefined,
      defaults: DEFAULTS,
      scope: 'metadata',
      ...over,
    });
  }
}

function metadata(token?: string, fields: Readonly<Record<string, string>> = {}): Metadata {
  const made = new Metadata();
  if (token !== undefined) made.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}

const verbsOf = (principal: Principal): OurVerb[] => VERBS.filter((verb) => principal.verbs.has(verb));

describe('a pass', () => {
  const of = (key: TestKey) => {
    const bench = new Bench(key);
    const door = bench.door();
    const principal = door.authenticate(metadata(key.token), 'peer');
    return { bench, door, principal, pass: door.passFor(principal, 'purpose')! };
  };

  it('lets in whom its key lets in, at every node, and holds nothing of the secret', () => {
    const key = testKey(KeyKind.CLIENT);
    const { principal, pass } = of(key);
    const elsewhere = new Bench(key).door();
    expect(elsewhere.admitPass(pass, 'purpose', new Metadata())).toEqual(principal);
    expect(pass).not.toContain(key.secret);
  });

  it.each([
    ['of another purpose', (pass: string): string => pass, 'another'],
    ['that was changed', (pass: string): string => `${pass.slice(0, -2)}AA`, 'purpose'],
    ['that was cut', (pass: string): string => pass.slice(0, -8), 'purpose'],
    ['of another key', (pass: string): string => pass.replace(/^./, 'x'), 'purpose'],
    ['of nothing', (): string => '', 'purpose'],
  ])('%s is refused', (_, change, purpose) => {
    const { door, pass } = of(testKey(KeyKind.SERVER));
    expect(() => door.admitPass(change(pass), purpose, new Metadata())).toThrow(
      expect.objectContaining({ reason: 'UNAUTHENTICATED' }),
    );
  });

  it('ends with its key, and is for no other place', () => {
    const key = testKey(KeyKind.SERVER, { expireTime: seconds(NOW_MS + 10_000) });
    const { bench, door, pass } = of(key);
    const other = metadata(undefined, { 'flagstream-environment': 'prod' });
    expect(() => door.admitPass(pass, 'purpose', other)).toThrow(
      expect.objectContaining({ reason: 'PERMISSION_DENIED' }),
    );
    bench.nowMs += 10_000;
    expect(() => door.admitPass(pass, 'purpose', new Metadata())).toThrow('expired');
    bench.ring.replace([]);
    bench.ready = false;
    expect(() => door.admitPass(pass, 'purpose', new Metadata())).toThrow(
      expect.objectContaining({ reason: 'NOT_READY' }),
    );
  });

  it('is made for nobody without a key', () => {
    const door = new Bench().door({ anonymous: loopbackPrincipal(DEFAULTS) });
    expect(door.passFor(door.authenticate(new Metadata(), 'peer'), 'purpose')).toBeUndefined();
  });
});

describe('the door with keys', () => {
  it.each([
    ['server', testKey(KeyKind.SERVER), ['evaluate', 'explain', 'sync', 'inspect', 'health']],
    ['client', testKey(KeyKind.CLIENT), ['evaluate', 'inspect', 'health']],
    [
      'a server that only evaluates',
      testKey(KeyKind.SERVER, { verbs: [Verb.EVALUATE] }),
      ['evaluate', 'inspect', 'health'],
    ],
    [
      'a viewer',
      testKey(KeyKind.ADMIN, { roles: [{ role: Role.VIEWER, project: 'p' }] }),
      ['evaluate', 'explain', 'read', 'inspect', 'health'],
    ],
    ['a node', testKey(KeyKind.ADMIN, { roles: [{ role: Role.NODE }] }), ['log', 'inspect', 'health']],
    [
      'an owner',
      testKey(KeyKind.ADMIN, { roles: [{ role: Role.OWNER }] }),
      VERBS.filter((verb) => verb !== 'sync'),
    ],
    ['a key of no known kind', testKey(KeyKind.SERVER, { verbs: [99 as Verb] }), ['inspect', 'health']],
  ])('%s may do what its kind, roles and verbs say', (_, key, verbs) => {
    const principal = new Bench(key).door().authenticate(metadata(key.token), 'peer');
    expect(verbsOf(principal)).toEqual(VERBS.filter((verb) => (verbs as readonly string[]).includes(verb)));
    expect(principal).toMatchObject({ id: key.id, ...DEFAULTS });
  });

  it.each([
    ['nothing of a key', metadata('fss_dev_x'), 'malformed'],
    ['another scheme', new Metadata(), 'malformed'],
    ['a key that nobody made', metadata(testKey(KeyKind.SERVER).token), 'not known'],
  ])('refuses %s, saying what is wrong', (_, shown, words) => {
    if (shown.get('authorization').length === 0) shown.set('authorization', 'Basic dXNlcjpwYXNz');
    const attempt = (): unknown => new Bench(testKey(KeyKind.SERVER)).door().authenticate(shown, 'peer');
    expect(attempt).toThrow(words);
    expect(attempt).toThrow(expect.objectContaining({ reason: 'UNAUTHENTICATED' }));
  });

  it('says that it does not know yet, before the keys are there', () => {
    const key = testKey(KeyKind.SERVER);
    const bench = new Bench();
    bench.ready = false;
    expect(() => bench.door().authenticate(metadata(key.token), 'peer')).toThrow(
      expect.objectContaining({ reason: 'NOT_READY', retryable: true }),
    );
  });

  it('lets nobody in without a key but to ask for health, or whom the loopback door lets in', () => {
    const bench = new Bench();
    expect(verbsOf(bench.door().authenticate(metadata(), 'peer'))).toEqual(['health']);
    const open = bench.door({ anonymous: loopbackPrincipal(DEFAULTS) });
    expect(verbsOf(open.authenticate(metadata(), 'peer'))).toEqual(VERBS);
    expect(() => open.authenticate(metadata('wrong'), 'peer')).toThrow('malformed');
  });

  it('takes the environment of server and client keys from the key alone', () => {
    const key = testKey(KeyKind.SERVER);
    const door = new Bench(key).door();
    const named = (fields: Readonly<Record<string, string>>) => () =>
      door.authenticate(metadata(key.token, fields), 'peer');
    expect(named({ 'flagstream-environment': 'dev' })()).toMatchObject(DEFAULTS);
    for (const other of [{ 'flagstream-environment': 'prod' }, { 'flagstream-project': 'q' }]) {
      expect(named(other)).toThrow(expect.objectContaining({ reason: 'PERMISSION_DENIED' }));
      // What it names may not even exist: nothing of it is told.
      expect(named(other)).not.toThrow(/prod|dev/);
    }
  });

  it('gives an admin key in each environment what its roles give it there', () => {
    const roles = [
      { role: Role.VIEWER, project: 'p' },
      { role: Role.EDITOR, project: 'p', environment: 'dev' },
    ];
    const key = testKey(KeyKind.ADMIN, { roles });
    const door = new Bench(key).door();
    const at = (environment: string): Principal =>
      door.authenticate(metadata(key.token, { 'flagstream-environment': environment }), 'peer');
    expect([at('dev').verbs.has('write'), at('prod').verbs.has('write')]).toEqual([true, false]);
    expect(at('prod').verbs.has('evaluate')).toBe(true);
    const elsewhere = door.authenticate(metadata(key.token, { 'flagstream-project': 'q' }), 'peer');
    expect(elsewhere.verbs.size).toBe(0);
    const asRequested = new Bench(key).door({ scope: 'request' }).authenticate(metadata(key.token), 'peer');
    expect(asRequested.verbs.has('write')).toBe(true);
    expect(permits(asRequested, 'write', { project: 'p', environment: 'prod' })).toBe(false);
    expect(permits(asRequested, 'write', { project: 'p', environment: '' })).toBe(false);
  });

  it('knows later whether a principal would still be let in, by the secret that it showed', () => {
    const key = testKey(KeyKind.SERVER, { expireTime: seconds(NOW_MS + 1_000) });
    const bench = new Bench(key);
    const door = bench.door({ anonymous: loopbackPrincipal(DEFAULTS) });
    const principal = door.authenticate(metadata(key.token), 'peer');
    expect(door.check(principal)).toBeUndefined();
    expect(door.check(door.authenticate(metadata(), 'peer'))).toBeUndefined();
    bench.nowMs += 1_000;
    expect(door.check(principal)).toMatchObject({
      reason: 'UNAUTHENTICATED',
      message: 'the key has expired',
    });
    bench.nowMs -= 1_000;
    bench.ring.apply([{ ...key.change, deleted: true }]);
    expect(door.check(principal)).toMatchObject({ message: 'the key was revoked' });
  });

  it('notes when a key was used, to the minute', () => {
    const key = testKey(KeyKind.SERVER);
    const bench = new Bench(key);
    const door = bench.door();
    expect(bench.use.lastMs(key.id)).toBeUndefined();
    bench.nowMs += 90_000;
    door.authenticate(metadata(key.token), 'peer');
    expect(bench.use.lastMs(key.id)).toBe(bench.nowMs - (bench.nowMs % 60_000));
  });

  it('notes that a key is used for as long as somebody holds a stream by it', () => {
    const key = testKey(KeyKind.SERVER);
    const bench = new Bench(key);
    const door = bench.door();
    const principal = door.authenticate(metadata(key.token), 'peer');
    bench.nowMs += 3_600_000;
    expect(door.check(principal)).toBeUndefined();
    const minuteMs = bench.nowMs - (bench.nowMs % 60_000);
    expect(bench.use.lastMs(key.id)).toBe(minuteMs);
    bench.nowMs += 3_600_000;
    bench.ring.apply([{ ...key.change, deleted: true }]);
    expect(door.check(principal)).toBeDefined();
    expect(bench.use.lastMs(key.id)).toBe(minuteMs);
  });
});

// From transfers to states: what changed, and what a release does with definitions that it cannot use.

import { flagConfigId, flagId, segmentId, sha256 } from '@flagstream/protocol';
import { SegmentMembers } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ClientSet, type EntityId, partId } from '@flagstream/replica';
import { expect, test } from 'vitest';
import { FixtureLog } from '../../../../test/support/sync-server-fixture.ts';
import { type Advance, advanceState, emptyState } from './flag-state.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const GARBAGE = Uint8Array.of(0x0a, 0xff, 0xff);

/** A client's states, one for each time it takes what the log has. */
class Follower {
  readonly log = new FixtureLog();
  state = emptyState(this.log.scope);

  /** As a full transfer would: every entity is named, changed or not. */
  take(): Advance {
    const held = ClientSet.of(sha256, this.log.head, this.log.identity, this.log.view.live());
    const touched: EntityId[] = [...held.entities(), ...this.state.held.entities()].map((e) => e.change);
    const advance = advanceState(this.state, 'server', this.log.scope, held, touched);
    this.state = advance.state;
    return advance;
  }

  value(key: string, context: Readonly<Record<string, string>> = {}): unknown {
    return this.state.compiled.evaluate(key, context, NOW_MS).value;
  }

  quarantined(): readonly string[] {
    return [...this.state.quarantines].map(
      ([id, { problem, inForce }]) => `${id} ${problem.code} ${inForce}`,
    );
  }
}

const boolean = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
};
const ofTomorrow = {
  enabled: true,
  rules: [
    {
      id: 'r',
      condition: { compare: { attribute: 'x', operator: 'ofTomorrow', values: [1] } },
      serve: { variant: 'off' },
    },
  ],
  fallthrough: { variant: 'off' },
};
const inSegment = {
  enabled: true,
  rules: [{ id: 'r', condition: { segment: 'staff' }, serve: { variant: 'on' } }],
  fallthrough: { variant: 'off' },
};

test('a full transfer tells only what differs, with what depends on it', () => {
  const client = new Follower();
  client.log.putSwitch('same', true);
  client.log.putSegment('staff', { included: ['ann'] });
  client.log.putFlag('guarded', boolean, inSegment);
  expect(client.take().flagKeys).toEqual(['guarded', 'same']);
  expect(client.take().flagKeys).toEqual([]);
  client.log.putSegment('staff', { included: ['bob'] });
  expect(client.take().flagKeys).toEqual(['guarded']);
  expect(client.value('guarded', { targetingKey: 'bob' })).toBe(true);
});

test('members of a segment come from its parts', () => {
  const client = new Follower();
  const content = SegmentMembers.encode({ members: ['ann', 'bob'] }).finish();
  const hash = sha256(content);
  client.log.commit([[partId(hash, 'default'), content]]);
  client.log.putSegment('staff', {
    included: ['eve'],
    parts: [{ sha256: Buffer.from(hash).toString('base64'), members: 2 }],
  });
  client.log.putFlag('guarded', boolean, inSegment);
  client.take();
  const inside = ['ann', 'bob', 'eve', 'tom'].map((targetingKey) =>
    client.value('guarded', { targetingKey }),
  );
  expect(inside).toEqual([true, true, true, false]);
});

test('a flag that this release cannot use stays at its last good one, and so does what depends on it', () => {
  const client = new Follower();
  client.log.putSwitch('parent', true);
  client.log.putFlag('child', boolean, {
    enabled: true,
    prerequisites: [{ flag: 'parent', variants: ['on'] }],
    fallthrough: { variant: 'on' },
  });
  client.take();
  client.log.putFlag('parent', boolean, ofTomorrow);
  client.log.putSwitch('other', true);
  const advance = client.take();
  expect([client.value('parent'), client.value('child'), client.value('other')]).toEqual([true, true, true]);
  expect(client.quarantined()).toEqual(['flag/parent UNKNOWN_OPERATOR true']);
  expect(advance.quarantined).toHaveLength(1);

  // It stays so through other changes, and is reported once.
  client.log.putSwitch('other', false);
  expect(client.take().quarantined).toEqual([]);
  expect([client.value('parent'), client.value('other')]).toEqual([true, false]);

  client.log.putSwitch('parent', false);
  client.take();
  expect([client.value('parent'), client.value('child')]).toEqual([false, false]);
  expect(client.quarantined()).toEqual([]);
});

test('one that never was good is left out, without the others, and comes in once it is', () => {
  const client = new Follower();
  client.log.putFlag('new', boolean, ofTomorrow);
  client.log.putSwitch('other', true);
  client.take();
  expect(client.state.compiled.flagKeys()).toEqual(['other']);
  expect(client.quarantined()).toEqual(['flag/new UNKNOWN_OPERATOR false']);
  client.log.putSwitch('new', true);
  client.take();
  expect(client.value('new')).toBe(true);
  expect(client.quarantined()).toEqual([]);
});

test("bytes that are no definition are one entity's problem", () => {
  const client = new Follower();
  client.log.putSwitch('a', true);
  client.log.putSegment('staff', { included: ['ann'] });
  client.log.putFlag('guarded', boolean, inSegment);
  client.take();
  client.log.commit([
    [flagConfigId('default', 'development', 'a'), GARBAGE],
    [segmentId('default', 'staff'), GARBAGE],
    [flagId('default', 'b'), GARBAGE],
  ]);
  client.take();
  expect(client.value('a')).toBe(true);
  expect(client.value('guarded', { targetingKey: 'ann' })).toBe(true);
  expect(client.quarantined().toSorted()).toEqual([
    'flag/a UNREADABLE true',
    'flag/b UNREADABLE false',
    'segment/staff UNREADABLE true',
  ]);
});

test('an archived flag and a removed one are no longer there', () => {
  const client = new Follower();
  client.log.putSwitch('archived', true);
  client.log.putSwitch('removed', true);
  client.take();
  client.log.putFlag('archived', { ...boolean, archiveTime: '2026-01-01T00:00:00Z' });
  client.log.removeFlag('removed');
  expect(client.take().flagKeys).toEqual(['archived', 'removed']);
  expect(client.state.compiled.flagKeys()).toEqual([]);
});

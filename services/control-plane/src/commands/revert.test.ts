import { flagConfigId } from '@flagstream/protocol';
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import type { WriteResult } from '../admin/writes.ts';
import { archive, booleanFlag, config, PROJECT, segment, Workbench } from '../workbench.fixture.ts';
import { type Reach, restoreEdits, undoEdits } from './revert.ts';

const CONFIG = 'projects/p/environments/dev/flagConfigs/a';
const serve = (variant: string): object => config('a', { enabled: true, fallthrough: { variant } });

function shop(): Workbench {
  const bench = new Workbench();
  bench.apply([...PROJECT, booleanFlag('a')]);
  bench.apply([serve('on')]);
  bench.apply([serve('off')]);
  return bench;
}

/** Of somebody who may change everything. */
const EVERYTHING: Reach = { maySee: () => true, requireAll: () => undefined };

const undo = (bench: Workbench, revision: number, name = ''): WriteResult =>
  bench.edit(undoEdits(bench.store, bench.history, revision, name, EVERYTHING), { comment: 'undo' });
const restore = (bench: Workbench, revision: number, name: string): WriteResult =>
  bench.edit(restoreEdits(bench.store, bench.history, revision, name, EVERYTHING), { comment: 'restore' });
const served = (bench: Workbench): unknown =>
  bench.reads.get<FlagConfig>(ENTITY_KIND.flagConfig, CONFIG, 0n).message.fallthrough?.outcome?.value;
const flag = (bench: Workbench, key: string): Flag =>
  bench.reads.get<Flag>(ENTITY_KIND.flag, `projects/p/flags/${key}`, 0n).message;

describe('undo of a revision', () => {
  it('is a new revision with the state before it', () => {
    const bench = shop();
    const head = bench.head.revision;
    const result = undo(bench, head);
    expect(result.actions.map(({ action }) => action)).toEqual([ChangeAction.UPDATE]);
    expect(bench.head.revision).toBe(head + 1);
    expect(served(bench)).toBe('on');
  });

  it('is refused where something was changed again since', () => {
    const bench = shop();
    const before = bench.fingerprint();
    expect(() => undo(bench, bench.head.revision - 1)).toThrow(
      expect.objectContaining({
        reason: 'REVERT_CONFLICT',
        metadata: { name: CONFIG, revision: String(bench.head.revision) },
      }),
    );
    expect(bench.fingerprint()).toBe(before);
  });

  it('takes what the revision created out of service', () => {
    const bench = shop();
    bench.apply([booleanFlag('b'), config('b', { enabled: true, fallthrough: { variant: 'on' } })]);
    const result = undo(bench, bench.head.revision);
    expect(result.actions.map(({ action }) => action)).toEqual([ChangeAction.ARCHIVE, ChangeAction.ARCHIVE]);
    expect(flag(bench, 'b').archiveTime).toBeDefined();
  });

  it('brings an archived flag back, with its configurations', () => {
    const bench = shop();
    bench.apply([archive('projects/p/flags/a')], { comment: 'gone' });
    undo(bench, bench.head.revision);
    expect(flag(bench, 'a').archiveTime).toBeUndefined();
    expect(served(bench)).toBe('off');
  });

  it('of one resource alone leaves the others', () => {
    const bench = shop();
    bench.apply([serve('on'), booleanFlag('a', { description: 'both' })]);
    undo(bench, bench.head.revision, CONFIG);
    expect(served(bench)).toBe('off');
    expect(flag(bench, 'a').description).toBe('both');
  });

  it('is refused when the revision changed nothing of the kind', () => {
    const bench = shop();
    expect(() => undo(bench, 1)).toThrow(expect.objectContaining({ reason: 'INVALID_FIELD' }));
    expect(() => undo(bench, bench.head.revision, 'projects/p/flags/a')).toThrow(
      expect.objectContaining({ reason: 'INVALID_FIELD' }),
    );
  });
});

describe('revert to a revision', () => {
  it('restores one resource', () => {
    const bench = shop();
    restore(bench, 3, CONFIG);
    expect(served(bench)).toBe('on');
    restore(bench, 2, CONFIG);
    expect(bench.reads.get<FlagConfig>(ENTITY_KIND.flagConfig, CONFIG, 0n).message).toMatchObject({
      enabled: false,
      etag: String(bench.head.revision),
    });
  });

  it('brings a flag back with the configurations that left with it, and takes them along again', () => {
    const bench = shop();
    const serving = bench.head.revision;
    bench.apply([archive('projects/p/flags/a')], { comment: 'gone' });
    const archived = bench.head.revision;
    restore(bench, serving, 'projects/p/flags/a');
    expect(served(bench)).toBe('off');
    restore(bench, archived, 'projects/p/flags/a');
    expect(bench.store.entity(flagConfigId('p', 'dev', 'a'))?.change.deleted).toBe(true);
    undo(bench, bench.head.revision, 'projects/p/flags/a');
    expect(served(bench)).toBe('off');
  });

  it('leaves the configurations of a flag in service alone', () => {
    const bench = shop();
    restore(bench, 2, 'projects/p/flags/a');
    expect(served(bench)).toBe('off');
  });

  it('restores a whole project and changes nothing a second time', () => {
    const bench = shop();
    bench.apply([booleanFlag('b'), booleanFlag('a', { description: 'later' })]);
    bench.apply([{ environment: { name: 'projects/p/environments/dev', displayName: 'Dev' } }]);
    restore(bench, 3, 'projects/p');
    expect(served(bench)).toBe('on');
    expect(flag(bench, 'a').description).toBe('');
    expect(flag(bench, 'b').archiveTime).toBeDefined();
    const before = bench.fingerprint();
    restore(bench, 3, 'projects/p');
    expect(bench.fingerprint()).toBe(before);
  });

  it('is judged like any other change', () => {
    const bench = shop();
    bench.apply([segment('s', { included: ['u1'] })]);
    const withSegment = bench.head.revision;
    bench.apply([
      config('a', {
        enabled: true,
        rules: [{ id: 'r', condition: { segment: 's' }, serve: { variant: 'on' } }],
      }),
    ]);
    expect(() => restore(bench, withSegment - 1, 'projects/p/segments/s')).toThrow(
      expect.objectContaining({ reason: 'IN_USE' }),
    );
  });

  it('brings members back that stood in parts', () => {
    const bench = shop();
    const members = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
    bench.apply([segment('s', { included: members })]);
    const large = bench.head.revision;
    bench.apply([segment('s', { included: ['u1'] })], { comment: 'shrink' });
    restore(bench, large, 'projects/p/segments/s');
    const { message } = bench.reads.get<Segment>(ENTITY_KIND.segment, 'projects/p/segments/s', 0n);
    expect(message.memberCount).toBe(20_000n);
    expect(new Set(message.included)).toEqual(new Set(members));
  });
});

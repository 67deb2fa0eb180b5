import { flagConfigId, LIMITS } from '@flagstream/protocol';
import { Reason } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { EvaluateAtRequest, ListAnswerChangesRequest } from '@flagstream/protocol/gen/flagstream/v1/history';
import type { EntityId } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../../test/support/private-value.ts';
import { revisionWait } from '../admin/bounded-read.ts';
import { failure } from '../control-plane.fixture.ts';
import { ANYBODY, archive, booleanFlag, config, PROJECT, segment, Workbench } from '../workbench.fixture.ts';
import { Past } from './history-service.ts';

const QUESTION = {
  parent: 'projects/p/environments/dev',
  flagKey: 'f',
  context: { targetingKey: 'u1', email: privateValue('email') },
};
const on = (more: object = {}): object =>
  config('f', { enabled: true, fallthrough: { variant: 'on' }, ...more });
const inStaff = { id: 'staff', condition: { segment: 'staff' }, serve: { variant: 'off' } };

const revision = (wanted: number, epoch = 0): object => ({ revision: { epoch, revision: String(wanted) } });

class Bench extends Workbench {
  readonly past = new Past({
    log: this.log,
    history: this.history,
    wait: revisionWait(this.log),
    now: () => this.nowMs,
  });
  readonly call = { signal: new AbortController().signal, principal: ANYBODY };

  /** One revision a second later than the one before; answers its number. */
  write(changes: readonly object[], fields: { actor?: string; comment?: string } = {}): number {
    this.nowMs += 1000;
    return this.apply(changes, { comment: 'why', ...fields }).position.revision;
  }

  /** A revision that has the entity as it is, which costs no decision. */
  rewrite(id: EntityId): void {
    const { change } = this.store.entity(id)!;
    const opId = `rewrite-${this.log.head().revision}`;
    const requestDigest = new Uint8Array(0);
    this.log.append({
      opId,
      requestDigest,
      actor: { id: 'x', kind: 'user' },
      comment: '',
      changes: [change],
    });
  }

  at(place: object | undefined, more: object = {}): ReturnType<Past['evaluateAt']> {
    const request = { ...QUESTION, ...(place && { at: place }), ...more };
    return this.past.evaluateAt(EvaluateAtRequest.fromJSON(request), this.call);
  }

  changes(more: object = {}): ReturnType<Past['listAnswerChanges']> {
    return this.past.listAnswerChanges(
      ListAnswerChangesRequest.fromJSON({ ...QUESTION, ...more }),
      this.call,
    );
  }
}

describe('EvaluateAt', () => {
  it('answers as it was at a revision, with who wrote it and why', async () => {
    const bench = new Bench();
    bench.write([...PROJECT, booleanFlag('f')]);
    const enabled = bench.write([on()], { actor: 'alice', comment: 'launch' });
    bench.write([config('f', { enabled: false })]);
    expect((await bench.at(undefined)).result).toMatchObject({ value: false, enabled: false });
    const then = await bench.at(revision(enabled, 1), { explain: true });
    expect(then).toMatchObject({
      result: { value: true, variant: 'on' },
      revision: { epoch: 1, revision: BigInt(enabled) },
      actor: { id: 'alice' },
      comment: 'launch',
    });
    expect(then.steps.map(({ kind }) => kind)).toContain('serve');
    expect(then.evaluatedAt).toEqual(then.time);
  });

  it('finds the revision that was the newest at an instant, and counts schedules as of it', async () => {
    const bench = new Bench();
    bench.write([...PROJECT, booleanFlag('f')]);
    const start = new Date(bench.nowMs + 1500).toISOString();
    const enabled = bench.write([
      on({ rules: [{ id: 'sale', window: { start }, serve: { variant: 'off' } }] }),
    ]);
    const enabledMs = bench.nowMs;
    bench.write([config('f', { enabled: false })]);
    const instant = (ms: number): object => ({ instant: new Date(ms).toISOString() });
    expect(await bench.at(instant(enabledMs))).toMatchObject({
      result: { value: true },
      revision: { revision: BigInt(enabled) },
    });
    expect(await bench.at(instant(enabledMs + 999))).toMatchObject({
      result: { value: false, ruleId: 'sale' },
      revision: { revision: BigInt(enabled) },
      time: { seconds: BigInt(Math.floor(enabledMs / 1000)) },
    });
    expect(await failure(bench.at(instant(1)))).toMatchObject({ reason: 'REVISION_NOT_FOUND' });
  });

  it('refuses places that are not on this log', async () => {
    const bench = new Bench();
    const head = bench.write([...PROJECT, booleanFlag('f')]);
    const refused: readonly (readonly [object, string])[] = [
      [revision(head + 1), 'REVISION_NOT_FOUND'],
      [revision(head, 2), 'REVISION_FORKED'],
      [{ revision: { epoch: 1, revision: String(head), hash: 'AAAA' } }, 'REVISION_FORKED'],
      [revision(0), 'INVALID_FIELD'],
      [{}, 'INVALID_FIELD'],
      [{ instant: '9999-12-31T23:59:59Z' }, 'none'],
    ];
    for (const [place, reason] of refused)
      if (reason === 'none') expect((await bench.at(place)).revision?.revision).toBe(BigInt(head));
      else expect(await failure(bench.at(place))).toMatchObject({ reason });
  });

  it('says what was not there yet', async () => {
    const bench = new Bench();
    const project = bench.write(PROJECT);
    const flag = bench.write([booleanFlag('f')]);
    expect(await failure(bench.at(revision(1)))).toMatchObject({ reason: 'PROJECT_NOT_FOUND' });
    const elsewhere = { parent: 'projects/p/environments/qa' };
    expect(await failure(bench.at(revision(flag), elsewhere))).toMatchObject({
      reason: 'ENVIRONMENT_NOT_FOUND',
    });
    expect(await failure(bench.at(revision(project)))).toMatchObject({ reason: 'FLAG_NOT_FOUND' });
    expect((await bench.at(revision(flag))).result).toMatchObject({ value: false });
    expect(await failure(bench.at(revision(flag), { context: { targetingKey: 1 } }))).toMatchObject({
      reason: 'INVALID_CONTEXT',
    });
  });
});

describe('ListAnswerChanges', () => {
  it('names revision, author, both answers and the cause, whatever the answer depends on', async () => {
    const bench = new Bench();
    bench.write([...PROJECT, booleanFlag('f'), booleanFlag('needed'), booleanFlag('other')]);
    const wrote = (changes: readonly object[], actor: string): number => bench.write(changes, { actor });
    const enabled = wrote([on()], 'config');
    wrote([segment('staff', { included: ['u2'] })], 'nobody yet');
    wrote([on({ rules: [inStaff] })], 'no change for u1');
    const joined = wrote([segment('staff', { included: ['u1', 'u2'] })], 'segment');
    wrote([config('other', { enabled: true })], 'another flag');
    const rest = { rules: [inStaff], prerequisites: [{ flag: 'needed', variants: ['on'] }] };
    const needs = wrote([on(rest)], 'prerequisite is off');
    const met = wrote([config('needed', { enabled: true, fallthrough: { variant: 'on' } })], 'prerequisite');
    const gone = wrote([archive('projects/p/flags/f')], 'flag');
    const { changes, nextPageToken } = await bench.changes({ from: revision(2) });
    expect(nextPageToken).toBe('');
    expect(changes.map((each) => [Number(each.revision?.revision), each.actor?.id])).toEqual([
      [gone, 'flag'],
      [met, 'prerequisite'],
      [needs, 'prerequisite is off'],
      [joined, 'segment'],
      [enabled, 'config'],
    ]);
    expect(
      changes.map(({ causes }) => causes.map(({ name }) => name.split('/').slice(-2).join('/'))),
    ).toEqual([
      ['flags/f', 'flagConfigs/f'],
      ['flagConfigs/needed'],
      ['flagConfigs/f'],
      ['segments/staff'],
      ['flagConfigs/f'],
    ]);
    expect(changes[3]).toMatchObject({
      before: { value: true, reason: Reason.DEFAULT },
      after: { value: false, ruleId: 'staff' },
      causes: [{ fields: ['included'] }],
    });
  });

  it('keeps within two places, and takes a schedule for no change', async () => {
    const bench = new Bench();
    bench.write([...PROJECT, booleanFlag('f')]);
    const rule = { id: 'sale', window: { start: new Date(bench.nowMs + 1500).toISOString() } };
    const scheduled = bench.write([on({ rules: [{ ...rule, serve: { variant: 'off' } }] })]);
    bench.nowMs += 60_000;
    bench.write([on({ rules: [{ ...rule, serve: { variant: 'off' } }] })]);
    bench.write([segment('unrelated', { included: ['u1'] })]);
    const off = bench.write([config('f', { enabled: false })]);
    const revisions = async (range: object): Promise<number[]> =>
      (await bench.changes(range)).changes.map((each) => Number(each.revision?.revision));
    expect(await revisions({ from: revision(2) })).toEqual([off, scheduled]);
    expect(await revisions({ from: revision(scheduled) })).toEqual([off]);
    expect(await revisions({ from: revision(2), to: revision(off - 1) })).toEqual([scheduled]);
    expect(await revisions({ from: { instant: new Date(bench.nowMs - 1).toISOString() } })).toEqual([off]);
  });

  it('refuses what the log never had, and a range that ends before it begins', async () => {
    const bench = new Bench();
    const first = bench.write([...PROJECT, booleanFlag('f')]);
    const last = bench.write([archive('projects/p/flags/f')]);
    const reasonOf = async (more: object): Promise<unknown> => (await failure(bench.changes(more))).reason;
    expect(await reasonOf({ flagKey: 'g' })).toBe('FLAG_NOT_FOUND');
    expect(await reasonOf({ parent: 'projects/p/environments/qa' })).toBe('ENVIRONMENT_NOT_FOUND');
    expect(await reasonOf({ parent: 'projects/q/environments/dev' })).toBe('PROJECT_NOT_FOUND');
    expect(await reasonOf({ from: revision(last), to: revision(first) })).toBe('INVALID_FIELD');
    const { changes } = await bench.changes({ from: revision(first), to: revision(last) });
    expect(changes.map((each) => Number(each.revision?.revision))).toEqual([last]);
    expect((await bench.changes({ from: revision(last) })).changes).toEqual([]);
  });

  it('pages, bound to its question, also past revisions that altered nothing', async () => {
    const bench = new Bench();
    bench.write([...PROJECT, booleanFlag('f')]);
    const first = bench.write([on()]);
    bench.write([on({ targets: [{ variant: 'off', values: ['u2'] }] })]);
    for (let i = 0; i < LIMITS.answerChangesRevisionsMax + 3; i++)
      bench.rewrite(flagConfigId('p', 'dev', 'f'));
    const last = bench.write([config('f', { enabled: false })]);
    const seen: number[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await bench.changes({ from: revision(2), pageSize: 1, pageToken });
      seen.push(...page.changes.map((each) => Number(each.revision?.revision)));
      pageToken = page.nextPageToken;
      pages++;
    } while (pageToken !== '');
    expect(seen).toEqual([last, first]);
    expect(pages).toBe(3);
    const { nextPageToken } = await bench.changes({ pageSize: 1 });
    const other = bench.changes({ context: { targetingKey: 'u2' }, pageToken: nextPageToken });
    expect(await failure(other)).toMatchObject({ reason: 'PAGE_TOKEN_MISMATCH' });
  });
});

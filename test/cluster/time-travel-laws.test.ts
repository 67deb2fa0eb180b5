// The past answers as it did: over random logs, also with entities that do not compile, an evaluator that follows
// evaluates at each revision, and the history of the same log answers alike afterwards; and the changes that it
// lists are exactly those between two revisions that answer differently.

import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '@flagstream/engine';
import {
  evaluationResult,
  flagConfigName,
  flagName,
  recordCodec,
  segmentName,
  sha256,
} from '@flagstream/protocol';
import { ErrorCode, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { EvaluateAtRequest, ListAnswerChangesRequest } from '@flagstream/protocol/gen/flagstream/v1/history';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange, type EntityId, LogState } from '@flagstream/replica';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { revisionWait } from '../../services/control-plane/src/admin/bounded-read.ts';
import { Past } from '../../services/control-plane/src/history/history-service.ts';
import { ChangeLog } from '../../services/control-plane/src/log/change-log.ts';
import { History } from '../../services/control-plane/src/log/history.ts';
import { MemoryStore } from '../../services/control-plane/src/log/memory-store.ts';
import { ANYBODY } from '../../services/control-plane/src/workbench.fixture.ts';
import { EvaluatorState } from '../../services/evaluator/src/state/evaluator-state.ts';

const PROJECT = 'p';
const ENVIRONMENT = 'e';
const PARENT = `projects/${PROJECT}/environments/${ENVIRONMENT}`;
/** Flags name flags behind them, and segments segments behind them, so that there is no circle. */
const FLAGS = ['a', 'b', 'c'];
const SEGMENTS = ['s', 't'];
const USERS = ['u1', 'u2'];
const STEP_MS = 1000;

interface Put {
  readonly entity: 'flag' | 'config' | 'segment';
  readonly at: number;
  /** A newer release's content, which this one cannot compile or read. */
  readonly broken: 'no' | 'unknown operator' | 'unreadable';
  /** Archived, whether it was there or not; a later put brings it back. */
  readonly deleted: boolean;
  readonly enabled: boolean;
  readonly serves: string;
  readonly needsFlag: number | undefined;
  readonly needsSegment: number | undefined;
  readonly member: string;
}

const puts: fc.Arbitrary<Put> = fc.record({
  entity: fc.constantFrom('flag', 'config', 'config', 'segment'),
  at: fc.nat(2),
  broken: fc.constantFrom('no', 'no', 'no', 'no', 'unknown operator', 'unreadable'),
  deleted: fc.constantFrom(false, false, false, true),
  enabled: fc.boolean(),
  serves: fc.constantFrom('on', 'off'),
  needsFlag: fc.option(fc.nat(2), { nil: undefined }),
  needsSegment: fc.option(fc.nat(1), { nil: undefined }),
  member: fc.constantFrom(...USERS),
});
const histories = fc.array(fc.array(puts, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 14 });

const PLAIN: Put = {
  entity: 'flag',
  at: 0,
  broken: 'no',
  deleted: false,
  enabled: true,
  serves: 'on',
  needsFlag: undefined,
  needsSegment: undefined,
  member: 'u1',
};
/** A flag, what it needs, and its configuration go and come back, one after the other. */
const GOING_AND_COMING: readonly Put[][] = [
  [PLAIN, { ...PLAIN, entity: 'segment' }],
  [{ ...PLAIN, entity: 'config', needsSegment: 0 }],
  ...(['segment', 'config', 'flag'] as const).flatMap((entity) => {
    const put = { ...PLAIN, entity, needsSegment: entity === 'config' ? 0 : undefined };
    return [[{ ...put, deleted: true }], [put]];
  }),
];

const strange = { compare: { attribute: 'country', operator: 'from-the-future', values: ['DE'] } };

function changeOf(put: Put): EntityChange {
  const { entity, at, broken, enabled, serves, member } = put;
  const flag = FLAGS[at]!;
  const segment = SEGMENTS[at % SEGMENTS.length]!;
  const conditions: object[] = broken === 'unknown operator' ? [strange] : [];
  switch (entity) {
    case 'flag':
      return entityChange(
        { kind: ENTITY_KIND.flag, project: PROJECT, environment: '', key: flag },
        put,
        Flag.encode(
          Flag.fromJSON({
            name: flagName(PROJECT, flag),
            kind: 'FLAG_KIND_BOOLEAN',
            variants: [
              { key: 'on', value: true },
              { key: 'off', value: false },
            ],
            offVariant: serves,
          }),
        ).finish(),
      );
    case 'config': {
      if (put.needsSegment !== undefined) conditions.push({ segment: SEGMENTS[put.needsSegment] });
      const needed = put.needsFlag === undefined || put.needsFlag <= at ? [] : [FLAGS[put.needsFlag]!];
      return entityChange(
        { kind: ENTITY_KIND.flagConfig, project: PROJECT, environment: ENVIRONMENT, key: flag },
        put,
        FlagConfig.encode(
          FlagConfig.fromJSON({
            name: flagConfigName(PROJECT, ENVIRONMENT, flag),
            enabled,
            prerequisites: needed.map((key) => ({ flag: key, variants: ['on'] })),
            rules: conditions.map((condition, i) => ({ id: `r${i}`, condition, serve: { variant: 'off' } })),
            fallthrough: { variant: serves },
          }),
        ).finish(),
      );
    }
    case 'segment':
      return entityChange(
        { kind: ENTITY_KIND.segment, project: PROJECT, environment: '', key: segment },
        put,
        Segment.encode(
          Segment.fromJSON({
            name: segmentName(PROJECT, segment),
            included: [member],
            ...(broken === 'unknown operator' ? { condition: strange } : {}),
            ...(segment === 's' && put.needsSegment === 1 && broken === 'no'
              ? { condition: { segment: 't' } }
              : {}),
          }),
        ).finish(),
      );
  }
}

function entityChange(id: EntityId, { broken, deleted }: Put, encoded: Uint8Array): EntityChange {
  const content = broken === 'unreadable' ? Uint8Array.of(0xff) : encoded;
  return { ...id, deleted, content, contentHash: sha256(content), tags: [], clientVisible: false };
}

/** A control plane's log and an evaluator that follows it record by record. */
class Cluster {
  nowMs = 1_700_000_000_000;
  readonly store = new MemoryStore(recordCodec);
  readonly log = new ChangeLog({ store: this.store, codec: recordCodec, now: () => this.nowMs });
  readonly past = new Past({
    log: this.log,
    history: new History(this.store, recordCodec),
    wait: revisionWait(this.log),
    now: () => this.nowMs,
  });
  readonly #folded = new LogState(recordCodec);
  readonly #state = new EvaluatorState(() => this.#folded, {
    changed: () => undefined,
    quarantine: () => undefined,
  });

  constructor() {
    this.log.begin(new Uint8Array(32).fill(1));
    this.#follow();
    const place = { deleted: false, content: new Uint8Array(0), contentHash: sha256(new Uint8Array(0)) };
    const rest = { ...place, tags: [], clientVisible: false };
    this.commit([
      { kind: ENTITY_KIND.project, project: PROJECT, environment: '', key: PROJECT, ...rest },
      { kind: ENTITY_KIND.environment, project: PROJECT, environment: '', key: ENVIRONMENT, ...rest },
    ]);
  }

  commit(changes: readonly EntityChange[]): void {
    this.nowMs += STEP_MS;
    const revision = this.log.head().revision + 1;
    this.log.append({
      opId: `op-${revision}`,
      requestDigest: new Uint8Array(32),
      actor: { id: `author of ${revision}`, kind: 'user' },
      comment: '',
      changes,
    });
    this.#follow();
  }

  answer(flagKey: string, context: JsonObject): EvaluationResult {
    const replica = this.#state.environment(PROJECT, ENVIRONMENT);
    if (replica === undefined) throw new Error('the environment is not there');
    return evaluationResult(replica.state, replica.state.set.evaluate(flagKey, context, this.nowMs));
  }

  #follow(): void {
    for (const { bytes } of this.store.readLog(this.#folded.position.revision, 100)) {
      const record = recordCodec.decodeRecord(bytes);
      const outcome = this.#folded.apply(record);
      if (outcome.kind !== 'applied') throw new Error(`the evaluator does not follow: ${outcome.kind}`);
      this.#state.moved([{ revision: record.revision, changes: outcome.changes }]);
    }
  }
}

const call = { signal: new AbortController().signal, principal: ANYBODY };

/** What it served, and which failure; the words of a failure may name another of several causes. */
const served = ({ value, variant, reason, ruleId, enabled, errorCode }: EvaluationResult): object => ({
  value,
  variant,
  reason,
  ruleId,
  enabled,
  errorCode,
});

/** What counts as another answer: not whether it is called STATIC or DEFAULT. */
const answered = ({ value, variant, ruleId, enabled, errorCode }: EvaluationResult): object => ({
  value,
  variant,
  ruleId,
  enabled,
  errorCode,
});

/** A change says nothing of a flag that is not there. */
const toldOf = (result: EvaluationResult | undefined): object | undefined =>
  result === undefined || result.errorCode === ErrorCode.FLAG_NOT_FOUND ? undefined : served(result);

/** A flag that nobody made, and one whose only version does not compile. */
const FAILURES: ReadonlyMap<ErrorCode, string> = new Map([
  [ErrorCode.FLAG_NOT_FOUND, 'FLAG_NOT_FOUND'],
  [ErrorCode.PARSE_ERROR, 'EVALUATION_FAILED'],
]);

describe('time travel', () => {
  test('answers at each revision what an evaluator answered there, and lists what altered it', async () => {
    const failed = new Set<string>();
    let returns = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const cluster = new Cluster();
        const first = cluster.log.head().revision;
        const answers = new Map<string, EvaluationResult>();
        const questions = FLAGS.flatMap((flagKey) => USERS.map((user) => ({ flagKey, user })));
        for (const step of [[], ...history]) {
          const changes = new Map(
            step.map(changeOf).map((change) => [`${change.kind}/${change.key}`, change]),
          );
          if (changes.size > 0) cluster.commit([...changes.values()]);
          for (const { flagKey, user } of questions)
            answers.set(
              `${flagKey} ${user} ${cluster.log.head().revision}`,
              cluster.answer(flagKey, { targetingKey: user }),
            );
        }
        const head = cluster.log.head().revision;
        const made = new Set(
          history
            .flatMap((step) => step.map(changeOf))
            .flatMap(({ kind, key }) => (kind === ENTITY_KIND.flag ? [key] : [])),
        );
        for (const { flagKey, user } of questions) {
          const context = { targetingKey: user };
          const known = (revision: number): EvaluationResult =>
            answers.get(`${flagKey} ${user} ${revision}`)!;
          const altered: number[] = [];
          for (let revision = head; revision >= first; revision--) {
            const then = known(revision);
            const at = { place: { $case: 'revision' as const, value: place(revision) } };
            const asked = cluster.past.evaluateAt(
              EvaluateAtRequest.create({ parent: PARENT, flagKey, context, at }),
              call,
            );
            const failure = FAILURES.get(then.errorCode);
            if (failure !== undefined) {
              failed.add(failure);
              await expect(asked).rejects.toMatchObject({ reason: failure });
            } else {
              const { result, ...where } = await asked;
              expect(served(result!), `${flagKey} for ${user} at ${revision}`).toEqual(served(then));
              expect(where.revision?.revision).toBe(BigInt(revision));
            }
            if (then.errorCode === ErrorCode.FLAG_NOT_FOUND && revision > first && revision < head)
              if (toldOf(known(revision - 1)) !== undefined && toldOf(known(revision + 1)) !== undefined)
                returns += 1;
            if (revision > first && !isDeepStrictEqual(answered(known(revision - 1)), answered(then)))
              altered.push(revision);
          }
          const listed = cluster.past.listAnswerChanges(
            ListAnswerChangesRequest.create({
              parent: PARENT,
              flagKey,
              context,
              from: { place: { $case: 'revision', value: place(first) } },
            }),
            call,
          );
          if (!made.has(flagKey)) {
            await expect(listed).rejects.toMatchObject({ reason: 'FLAG_NOT_FOUND' });
            continue;
          }
          const { changes } = await listed;
          expect(changes.map(({ revision }) => Number(revision?.revision))).toEqual(altered);
          for (const { revision, before, after, actor, causes } of changes) {
            expect(toldOf(after)).toEqual(toldOf(known(Number(revision?.revision))));
            expect(toldOf(before)).toEqual(toldOf(known(Number(revision?.revision) - 1)));
            expect(actor?.id).toBe(`author of ${revision?.revision}`);
            expect(causes).not.toEqual([]);
          }
        }
      }),
      { numRuns: 20, examples: [[GOING_AND_COMING]] },
    );
    expect(returns).toBeGreaterThan(0);
    expect([...failed].sort()).toEqual([...FAILURES.values()].sort());
  });
});

const place = (revision: number) => ({ epoch: 0, revision: BigInt(revision), hash: Buffer.alloc(0) });

/** For tests of checkers: a log of a few records, written by hand, and observations about it. */
import { recordCodec, sha256 } from '@flagstream/protocol';
import {
  ENTITY_KIND,
  genesisFields,
  LOG_ID,
  type LogRecord,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
  type VersionedEntity,
} from '@flagstream/replica';
import { ENVIRONMENT, PROJECT } from '../world/content.ts';
import type { Checker } from './checker.ts';
import { fingerprint } from './fingerprint.ts';
import type { Answer, Observation } from './observation.ts';
import { Past } from './past.ts';

const ACTOR = { id: 'test', kind: 'user' };

function recordAfter(before: Position, opId: string, text: string): LogRecord {
  const content = new TextEncoder().encode(text);
  const id = { kind: ENTITY_KIND.flagConfig, project: PROJECT, environment: ENVIRONMENT, key: 'a' };
  return recordCodec.encodeRecord({
    format: RECORD_FORMAT,
    logId: LOG_ID,
    epoch: before.epoch,
    revision: before.revision + 1,
    prevHash: before.hash,
    opId,
    requestDigest: new Uint8Array(0),
    kind: 'change',
    actor: ACTOR,
    wallMs: 0,
    comment: '',
    minReader: READER_VERSION,
    changes: [
      { ...id, deleted: false, content, contentHash: sha256(content), tags: [], clientVisible: false },
    ],
    parts: [],
  });
}

const BASE = { epoch: 1, baseRevision: 0, baseHash: new Uint8Array(32), startedMs: 0, reason: 'new log' };
export const R1: LogRecord = recordCodec.encodeRecord(genesisFields([BASE], 'genesis', ACTOR));
export const R2: LogRecord = recordAfter(R1, 'two', 'second');
export const R3: LogRecord = recordAfter(R2, 'three', 'third');
/** Of a branch that is not the log. */
export const OTHER_R3: LogRecord = recordAfter(R2, 'other', 'elsewhere');

/** What a follower or a client holds at a record: the one entity that there is. */
export function said(record: LogRecord): number {
  const entities = record.changes.map((change): VersionedEntity => ({ change, version: record.revision }));
  return fingerprint(entities);
}

export const committed = (record: LogRecord, ms: number): Observation => ({ type: 'committed', record, ms });
export const foreign = (record: LogRecord): Observation => ({ type: 'foreign', record, ms: 0 });

export const applied = (
  record: LogRecord,
  over: Partial<Observation & { type: 'applied' }> = {},
): Observation => ({
  type: 'applied',
  node: 'ev',
  how: 'record',
  records: [record],
  position: record,
  fingerprint: said(record),
  ms: 10,
  ...over,
});

export const taken = (
  record: LogRecord,
  over: Partial<Observation & { type: 'taken' }> = {},
): Observation => ({
  type: 'taken',
  client: 'c',
  kind: 'delta',
  position: record,
  fingerprint: said(record),
  ms: 10,
  ...over,
});

export const evaluated = (over: Partial<Answer>, ms = 10): Observation => ({
  type: 'evaluated',
  ms,
  answer: {
    by: 'ev',
    position: R2,
    freshness: { stalenessMs: 0, estimated: true, source: 'live' },
    pair: ['v1', 'v1'],
    minimum: undefined,
    heard: true,
    ...over,
  },
});

/** Shows a history to a checker. @throws Violation */
export function watch(checker: Checker, history: readonly Observation[]): void {
  const past = new Past();
  for (const observation of history) {
    past.observe(observation);
    checker.observe(observation, past);
  }
}

/** What an answer that is made in slices says of its state, fixed before its first evaluation. */
import { UNBOUNDED_MS } from '@flagstream/replica';
import type { AnswerRest } from './answer-rest.ts';
import type { Serving, Stamp } from './serving.ts';

export interface AnswerBeginning {
  /** Unix ms: what schedules are evaluated at. */
  readonly nowMs: number;
  /** Asked when the answer is ready, which may be some slices later. */
  readonly rest: () => AnswerRest;
}

export function answerBeginning(
  serving: Serving,
  monotonicMs: () => number,
  belowMinRevision: boolean,
): AnswerBeginning {
  const stamp = serving.stamp();
  const beganMs = monotonicMs();
  return {
    nowMs: serving.now(),
    rest: () => agedBy(stamp, monotonicMs() - beganMs, belowMinRevision),
  };
}

/**
 * The stamp of a state by whose answer so much time has passed: it can be that much older. Literals, as each message
 * of a stream ends with one, and spreads cost more than an evaluation.
 */
function agedBy({ epoch, revision, freshness }: Stamp, ms: number, belowMinRevision: boolean): AnswerRest {
  const { estimated, source } = freshness;
  const stalenessMs = Math.min(UNBOUNDED_MS, freshness.stalenessMs + Math.ceil(ms));
  return { epoch, revision, freshness: { stalenessMs, estimated, source }, belowMinRevision };
}

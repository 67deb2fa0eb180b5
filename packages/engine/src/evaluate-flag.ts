/**
 * One flag's part of a walk: its stages in order, the first that answers wins.
 *
 * Place on the path: called by the set for the flag asked for, and by
 * prerequisites for the flags behind it. What holds: an abort inside a flag
 * becomes that flag's own error answer and goes no further.
 */
import { type Evaluation, errorOf } from './evaluation.ts';
import type { Trace } from './trace.ts';
import { type CompiledFlag, type Walk, WalkAbort } from './walk.ts';

export function evaluateFlag(flag: CompiledFlag, walk: Walk): Evaluation {
  return walk.trace === undefined ? runStages(flag, walk) : explainFlag(flag, walk, walk.trace);
}

function runStages(flag: CompiledFlag, walk: Walk): Evaluation {
  try {
    for (let stage = flag.firstStage; stage !== undefined; stage = stage.next) {
      const answer = stage.answer(walk);
      if (answer !== undefined) return answer;
    }
    // An explanation tells what the fallthrough does.
    if (flag.settled !== undefined && walk.trace === undefined) return flag.settled;
    walk.trace?.at('fallthrough');
    return flag.fallthrough?.answer(walk) ?? flag.unanswered;
  } catch (error) {
    if (error instanceof WalkAbort) return errorOf(flag, error.code, error.message);
    throw error;
  }
}

function explainFlag(flag: CompiledFlag, walk: Walk, trace: Trace): Evaluation {
  const step = trace.openFlag();
  const answer = runStages(flag, walk);
  const outcome = answer.variant === undefined ? 'no variant' : `variant "${answer.variant}"`;
  const because = answer.errorMessage === undefined ? '' : `: ${answer.errorMessage}`;
  trace.close(
    step,
    answer.reason !== 'ERROR',
    `Flag "${flag.key}" answers ${outcome} (${answer.reason})${because}`,
  );
  if (answer.value !== undefined) step.actual = answer.value;
  return answer;
}

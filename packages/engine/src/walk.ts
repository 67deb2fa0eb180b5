/**
 * The state of one evaluation, handed to every compiled part, and what those
 * parts are.
 *
 * Place on the path: between the set (which makes a walk) and the compiled
 * parts (which read it). What holds: a walk is used by one evaluation at a time
 * and keeps nothing of the last one. Compiled parts are small objects, not
 * closures: with thousands of flags, time goes into cache misses.
 */
import type { Schedule } from './compile/schedule.ts';
import type { Evaluation, EvaluationErrorCode } from './evaluation.ts';
import { LIMITS } from './limits.ts';
import type { FlagKind, JsonObject } from './model.ts';
import type { Trace } from './trace.ts';

/** What a rule or the fallthrough serves. */
export interface Serve {
  /** Undefined: nothing is served, and the next stage is asked. */
  answer(walk: Walk): Evaluation | undefined;
}

/**
 * A step of a flag that may answer. Stages are chained: a list would be two
 * more objects to fetch from memory (15 % of an evaluation among 10,000 flags).
 */
export abstract class Stage {
  /** Asked when this one does not answer; set once, by chainStages. */
  next: Stage | undefined = undefined;
  /** Undefined: it does not. */
  abstract answer(walk: Walk): Evaluation | undefined;
}

/** Answers the first. */
export function chainStages(stages: readonly Stage[]): Stage | undefined {
  stages.forEach((stage, index) => {
    stage.next = stages[index + 1];
  });
  return stages[0];
}

export interface Condition {
  holds(walk: Walk): boolean;
}

export interface CompiledFlag {
  readonly key: string;
  readonly kind: FlagKind;
  readonly enabled: boolean;
  readonly clientVisible: boolean;
  readonly metadata: JsonObject | undefined;
  readonly source: string | undefined;
  /** By falling precedence. */
  readonly namesakes: readonly CompiledFlag[];
  readonly variants: readonly string[];
  /** In order: prerequisites, holdouts, targets, rules. */
  readonly firstStage: Stage | undefined;
  /** The answer when no stage answers, if it is the same for everybody at any time. */
  readonly settled: Evaluation | undefined;
  readonly fallthrough: Serve | undefined;
  /** When the fallthrough does not answer either. */
  readonly unanswered: Evaluation;
  /** Worst-case steps without the flags and segments that it refers to. */
  readonly steps: number;
  /** When its answers change by themselves; undefined: never. */
  readonly schedule: Schedule | undefined;
}

export interface CompiledSegment {
  readonly key: string;
  /** Worst-case steps without the flags and segments that it refers to. */
  readonly steps: number;
  readonly schedule: Schedule | undefined;
  contains(walk: Walk): boolean;
}

/** Finds what compiled functions refer to by key. */
export interface Directory {
  flag(key: string): CompiledFlag | undefined;
  segment(key: string): CompiledSegment | undefined;
}

const EMPTY_CONTEXT: JsonObject = Object.freeze({});

export class Walk {
  readonly directory: Directory;
  context: JsonObject = EMPTY_CONTEXT;
  nowMs = 0;
  /** Work that grows with the context, so far: JSONLogic and large values count it against LIMITS.evaluationSteps. */
  steps = 0;
  trace: Trace | undefined = undefined;

  constructor(directory: Directory) {
    this.directory = directory;
  }

  begin(context: JsonObject, nowMs: number, trace: Trace | undefined): void {
    this.context = context;
    this.nowMs = nowMs;
    this.steps = 0;
    this.trace = trace;
  }

  /** Counts work that grows with the context. Throws when none is left. */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > LIMITS.evaluationSteps) throw OVER_BUDGET;
  }

  /** Lets go of the caller's context. */
  end(): void {
    this.context = EMPTY_CONTEXT;
    this.trace = undefined;
  }
}

/**
 * Leaves a flag's walk with an error from any depth. Made once at compile and
 * thrown again, so that it costs no stack trace.
 */
export class WalkAbort extends Error {
  readonly code: EvaluationErrorCode;

  constructor(code: EvaluationErrorCode, message: string) {
    super(message);
    this.name = 'WalkAbort';
    this.code = code;
  }
}

const OVER_BUDGET = new WalkAbort(
  'GENERAL',
  `The evaluation takes more than ${LIMITS.evaluationSteps} steps over this context.`,
);

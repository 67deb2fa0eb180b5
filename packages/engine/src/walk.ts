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
import type { FlagKind, JsonObject } from './model.ts';
import type { Trace } from './trace.ts';

/** A step of a flag that may answer. */
export interface Stage {
  /** Undefined: the next stage is asked. */
  answer(walk: Walk): Evaluation | undefined;
}

export interface Condition {
  holds(walk: Walk): boolean;
}

export interface CompiledFlag {
  readonly key: string;
  readonly kind: FlagKind;
  readonly enabled: boolean;
  readonly clientVisible: boolean;
  readonly variants: readonly string[];
  /** The answer, when it depends neither on context nor on time. */
  readonly constant: Evaluation | undefined;
  /** In order: prerequisites, holdouts, targets, rules. */
  readonly stages: readonly Stage[];
  readonly fallthrough: Stage | undefined;
  /** When nothing answered. */
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
  /** Work that depends on the context, so far: JSONLogic counts it against LIMITS.evaluationSteps. */
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

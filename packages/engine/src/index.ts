/**
 * The engine: what a flag means. Compile definitions into a set, evaluate
 * contexts against it. Pure: no I/O, no clock, no randomness.
 */
export type { FlagUnit } from './compile/flag.ts';
export { completeGate, completeMatchGate, gatePrefixes } from './compile/gate.ts';
export { excludedEnd } from './compile/ranges.ts';
export type { SegmentUnit } from './compile/segment.ts';
export type {
  Evaluation,
  EvaluationErrorCode,
  ExplanationStep,
  Reason,
  Recorder,
} from './evaluation.ts';
export { murmur3x86 } from './hash/murmur3-x86-32.ts';
export { parseInstant } from './instant.ts';
export {
  applyJsonLogic,
  type JsonLogicOptions,
  type JsonLogicOutcome,
} from './json-logic/apply-json-logic.ts';
export { isPlainName } from './json-logic/variant-text.ts';
export { ENGINE_LIMITS } from './limits.ts';
export type * from './model.ts';
export { normalizeConfig, normalizeSegmentCondition } from './normalize-config.ts';
export { OPERATORS } from './operators/dialects.ts';
export { PersistentMap } from './persistent-map.ts';
export type { Problem } from './problem.ts';
export { type AnswerChange, type AnswerChangeOptions, answerChanges } from './set/answer-changes.ts';
export {
  type Compiled,
  compileSet,
  compileSetInSteps,
  type SetChange,
  updateSet,
} from './set/compile-set.ts';
export type { CompiledSet, Namesake, SetMembers } from './set/compiled-set.ts';
export { movedShare } from './weights/moved-share.ts';
export { resolveWeights } from './weights/resolve-weights.ts';

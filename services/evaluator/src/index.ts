/** The evaluator: follows the log, serves evaluations and streams. */
export { type EvaluatorConfig, evaluatorConfigSchema, syncPortOf } from './evaluator-config.ts';
export { WatchLogSource } from './follow/watch-log-source.ts';
export { type EvaluatorDeps, type RunningEvaluator, startEvaluator } from './start-evaluator.ts';

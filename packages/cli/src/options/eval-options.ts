/** What `flagstream eval` is told, of a server's flags or of a file's. */
import type { EvaluationOptions } from './connection-options.ts';
import type { EvaluationContext } from './context-option.ts';
import type { FlagsFileOptions } from './flags-file-options.ts';

export interface EvalOptions extends EvaluationOptions, FlagsFileOptions {
  readonly context?: EvaluationContext;
  readonly explain?: boolean;
  readonly all?: boolean;
}

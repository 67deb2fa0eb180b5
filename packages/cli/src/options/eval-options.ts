/** What `flagstream eval` is told, of a server's flags or of a file's. */
import type { PastPlace } from '@flagstream/protocol/gen/flagstream/v1/history';
import type { EvaluationOptions } from './connection-options.ts';
import type { EvaluationContext } from './context-option.ts';
import type { FlagsFileOptions } from './flags-file-options.ts';
import type { MinRevisionOptions } from './revision.ts';

export interface EvalOptions extends EvaluationOptions, FlagsFileOptions, MinRevisionOptions {
  /** Control plane, for the past. */
  readonly server: string;
  readonly context?: EvaluationContext;
  readonly explain?: boolean;
  readonly all?: boolean;
  readonly at?: PastPlace;
  readonly allowStale?: boolean;
}

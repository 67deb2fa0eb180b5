/** What to do next, in this program's commands and flags, where the catalogue speaks of calls and fields. */
import type { ErrorReason } from '@flagstream/protocol';

/** A command does not know which ports its servers were given. */
export const GRPC_PORTS =
  'gRPC has 8010 and 8013 unless they were given others (dev --port-base N: N and N+3)';

export const COMMAND_HINTS: Readonly<Partial<Record<ErrorReason, string>>> = {
  PROJECT_NOT_FOUND: 'flagstream project list shows the projects.',
  ENVIRONMENT_NOT_FOUND: 'flagstream environment list shows the environments of the project.',
  FLAG_NOT_FOUND: 'flagstream flag list shows the flags of the project.',
  SEGMENT_NOT_FOUND: 'flagstream segment list shows the segments of the project.',
  REVISION_NOT_FOUND: 'flagstream changes shows which revisions exist.',
  COMMENT_REQUIRED: 'Repeat it with -m "why": the environment is protected.',
  UNAUTHENTICATED: 'Show a valid key: --api-key-file FILE, or FLAGSTREAM_API_KEY.',
  NODE_NOT_FOUND: 'flagstream nodes shows the nodes.',
  UNIMPLEMENTED: `--server names the control plane's gRPC port, --evaluator an evaluator's: ${GRPC_PORTS}. serve --flags has no control plane.`,
};

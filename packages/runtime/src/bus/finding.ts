/** What a probe of an installation found out about one thing. */

/** info: nothing to do. warn: works, with a risk that the detail names. fail: does not do what Flagstream relies on. */
export type Verdict = 'ok' | 'info' | 'warn' | 'fail';

export interface Finding {
  /** For example "cas race". */
  readonly check: string;
  readonly verdict: Verdict;
  /** What was seen, and what follows from it. */
  readonly detail: string;
}

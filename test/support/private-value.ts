// Values of evaluation contexts, which nobody but the evaluation may see: `make test` ends with a search for them in
// everything that was logged, measured and told (scripts/run-search.mjs).

import { PRIVATE_MARK } from '../../scripts/run-search.mjs';

/** A context value. `what` says where it is from, in letters, digits and dashes: a finding names it. */
export function privateValue(what: string): string {
  return `${PRIVATE_MARK}${what}`;
}

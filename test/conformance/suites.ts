// The conformance suites that can be run.

import { FLAGD_FRACTIONAL } from './flagd-fractional.ts';
import { FLAGD_OUTCOMES } from './flagd-outcomes.ts';
import { JSON_LOGIC } from './json-logic.ts';
import { SEMVER } from './semver.ts';
import { SPLIT_MURMUR3 } from './split-murmur3.ts';
import type { Suite } from './suite.ts';

export const SUITES: readonly Suite[] = [FLAGD_OUTCOMES, FLAGD_FRACTIONAL, JSON_LOGIC, SEMVER, SPLIT_MURMUR3];

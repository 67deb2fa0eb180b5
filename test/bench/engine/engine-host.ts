// Process with the engine's own cases, all in one heap.

import { hostCases } from '../case-host.ts';
import { EVALUATION_CASES } from './evaluation-cases.ts';

hostCases((name) => EVALUATION_CASES[name]!());

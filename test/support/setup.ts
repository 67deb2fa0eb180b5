// Runs in every test file's worker before the file: what the file holds open is released after its last test.

import { afterAll } from 'vitest';
import { releaseAll } from './resources.ts';

afterAll(releaseAll);

// What the SDK calls itself is what it is.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SDK_INFO } from './sdk-info.ts';

test("the version is the package's", () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(SDK_INFO.version).toBe(manifest.version);
});

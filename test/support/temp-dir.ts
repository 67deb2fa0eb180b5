// Folders of one test file, removed after its last test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hold } from './resources.ts';

/** Makes an empty folder whose name starts with `label`; answers its absolute path. */
export function tempDir(label = 'test'): string {
  const folder = mkdtempSync(path.join(tmpdir(), `flagstream-${label}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  hold({ what: `folder ${folder}`, release: remove, releaseNow: remove });
  return folder;
}

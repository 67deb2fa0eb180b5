// How a real flagd is started and changed, played by our own evaluator over the same file and the same ports.

import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { entryPoint } from '../../support/flagstream.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { capture, documentsOf, EVENT_STREAM, SYNC_FLAGS, startFlagd } from './pushers.ts';

/** A message that names the flag is longer. */
const EMPTY_BYTES_MAX = 20;

/** Takes flagd's words, and serves what they say: the embedded mode's ports are these, and three below. */
function flagdOfOurs(): string {
  const file = path.join(tempDir('flagd-shim'), 'flagd');
  const command = [process.execPath, ...entryPoint()].map((word) => `'${word}'`).join(' ');
  writeFileSync(
    file,
    `#!/bin/sh
unset FLAGSTREAM_SYNC_PORT FLAGSTREAM_OFREP_PORT
[ "$1 $2 $4 $6 $8 \${10}" = "start --port --management-port --sync-port --ofrep-port --uri" ] || exit 2
[ "$5 $7 $9" = "$(($3 + 1)) $(($3 + 2)) $(($3 + 3))" ] || exit 2
exec ${command} dev --port-base $(($3 - 3)) --flags "\${11#file:}"
`,
  );
  chmodSync(file, 0o755);
  return file;
}

function documentWith(state: 'ENABLED' | 'DISABLED'): string {
  const measured = { state, variants: { on: true, off: false }, defaultVariant: 'on' };
  return JSON.stringify({ flags: { measured } });
}

test.each([EVENT_STREAM, SYNC_FLAGS])(
  'a flagd tells its $name of a file that is replaced',
  async (contract) => {
    const documents = [documentWith('ENABLED'), documentWith('DISABLED')] as const;
    const flagd = await startFlagd(flagdOfOurs(), contract, documents);
    const captured = await capture(flagd, contract);
    expect(captured.changes.every(({ length }) => length > EMPTY_BYTES_MAX)).toBe(true);
    if (contract === SYNC_FLAGS)
      expect(documentsOf(captured).map((text) => JSON.parse(text).flags.measured.state)).toEqual([
        'ENABLED',
        'DISABLED',
      ]);
    expect(flagd.cpuMs()).toBeGreaterThan(0);
    expect(await flagd.rssBytes()).toBeGreaterThan(0);
    await flagd.close();
    expect(await isGone(flagd.endpoint)).toBe(true);
  },
);

async function isGone(endpoint: string): Promise<boolean> {
  try {
    await fetch(`http://${endpoint}/`);
    return false;
  } catch {
    return true;
  }
}

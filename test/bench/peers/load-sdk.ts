// Peers' packages are found from this folder in the sources, where they are installed, wherever the compiled
// benchmark lies. They are no dependencies of ours: each adapter states the part of the types that it uses.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** main.ts runs the benchmark in the workspace's folder. */
export const PEERS_FOLDER: string = path.resolve('test', 'bench', 'peers');

const requirePeer = createRequire(path.join(PEERS_FOLDER, 'package.json'));

/** Throws when it is not installed. */
export function loadSdk<Sdk>(name: string): Sdk {
  return requirePeer(name) as Sdk;
}

export function installedVersion(sdk: string): string {
  const manifest = path.join(PEERS_FOLDER, 'node_modules', sdk, 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}

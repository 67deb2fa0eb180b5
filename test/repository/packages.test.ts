// Manifests and the lock file: exact versions, one version of ours, a lock that `npm ci` accepts anywhere.

import { describe, expect, test } from 'vitest';
import { readTracked, trackedFiles } from './tracked-files.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly type?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const EXACT = /^\d+\.\d+\.\d+$/;

const root = JSON.parse(readTracked('package.json')) as Manifest;
const manifests = trackedFiles()
  .filter((file) => /^(packages|services)\/[^/]+\/package\.json$/.test(file))
  .map((file): [string, Manifest] => [file, JSON.parse(readTracked(file)) as Manifest]);
const lock = JSON.parse(readTracked('package-lock.json')) as {
  packages: Readonly<Record<string, LockEntry>>;
};

describe.each([['package.json', root] as [string, Manifest], ...manifests])('%s', (_file, manifest) => {
  test('names exact versions', () => {
    const wanted = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    };
    expect(Object.entries(wanted).filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  test('agrees with the workspace', () => {
    expect(manifest).toMatchObject({
      version: root.version,
      type: 'module',
      license: 'Apache-2.0',
      private: true,
      engines: { node: '>=20.19' },
    });
  });
});

describe('package-lock.json', () => {
  // npm leaves out platform packages that its registry lacks, and `npm ci` then refuses the lock.
  test('has an entry for every optional dependency', () => {
    const missing = Object.entries(lock.packages).flatMap(([place, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          lock.packages[`node_modules/${name}`] === undefined &&
          lock.packages[`${place}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  test('has what the manifests ask for', () => {
    const asked = [
      ['', root] as const,
      ...manifests.map(([file, manifest]) => [file.replace('/package.json', ''), manifest] as const),
    ];
    const stale = asked.flatMap(([place, manifest]) =>
      Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([name, version]) => {
        if (manifests.some(([, own]) => own.name === name)) return version !== root.version;
        const entry = lock.packages[`${place}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
        return entry?.version !== version;
      }),
    );
    expect(stale).toEqual([]);
  });

  test('holds no addresses', () => {
    const addressed = Object.entries(lock.packages).filter(([, entry]) => entry.resolved?.includes(':'));
    expect(addressed).toEqual([]);
  });
});

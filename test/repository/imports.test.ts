// Imports run one way: cli -> client -> protocol -> replica -> engine; services add runtime and never import
// each other; nothing imports test/; only the bus knows nats.

import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTracked, sourceFiles } from './tracked-files.ts';

/** What each workspace folder may import of ours. A new folder must be entered here. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'packages/engine': [],
  'packages/importers': ['engine'],
  'packages/exporters': ['engine'],
  'packages/replica': ['engine'],
  'packages/protocol': ['replica', 'engine'],
  'packages/runtime': ['protocol', 'replica', 'engine'],
  'packages/client': ['protocol', 'replica', 'engine'],
  'services/control-plane': ['runtime', 'protocol', 'replica', 'engine'],
  'services/evaluator': ['runtime', 'protocol', 'replica', 'engine', 'exporters'],
  'packages/cli': [
    'client',
    'runtime',
    'protocol',
    'replica',
    'engine',
    'importers',
    'control-plane',
    'evaluator',
  ],
};
const OURS = '@flagstream/';
const BUS = 'packages/runtime/src/bus/';

interface Import {
  readonly file: string;
  /** "packages/engine" */
  readonly folder: string;
  readonly specifier: string;
}

const imports: readonly Import[] = sourceFiles()
  .filter((file) => /^(packages|services)\//.test(file) && !/\.(test|bench|fixture)\.ts$/.test(file))
  .flatMap((file) =>
    specifiers(readTracked(file)).map((specifier) => ({ file, folder: folderOf(file), specifier })),
  );

function specifiers(text: string): readonly string[] {
  const statement =
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
  return [...text.matchAll(statement)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function folderOf(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}

function offenders(offends: (entry: Import) => boolean): readonly string[] {
  return imports.filter(offends).map(({ file, specifier }) => `${file} imports ${specifier}`);
}

/** "@grpc/grpc-js" of "@grpc/grpc-js/build/x", undefined for relative paths and Node's own modules. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('imports', () => {
  test('are found at all', () => {
    expect(
      specifiers(
        `import { a } from './a.ts';\nexport * from "b/c";\nimport 'd';\nconst e = await import('e');`,
      ),
    ).toEqual(['./a.ts', 'b/c', 'd', 'e']);
    expect(imports.length).toBeGreaterThan(0);
  });

  test('between our packages run one way', () => {
    expect(imports.filter(({ folder }) => ALLOWED[folder] === undefined)).toEqual([]);
    expect(
      offenders(({ folder, specifier }) => {
        const ours = packageOf(specifier);
        return (
          ours?.startsWith(OURS) === true && ALLOWED[folder]?.includes(ours.slice(OURS.length)) === false
        );
      }),
    ).toEqual([]);
  });

  test('stay inside their package when relative', () => {
    expect(
      offenders(({ file, folder, specifier }) => {
        if (!specifier.startsWith('.')) return false;
        return !path.join(path.dirname(file), specifier).startsWith(`${folder}/src/`);
      }),
    ).toEqual([]);
  });

  test('of other packages are declared by the package that imports them', () => {
    const declared = (folder: string): readonly string[] => {
      const manifest = JSON.parse(readTracked(`${folder}/package.json`)) as Record<
        string,
        Record<string, string> | undefined
      >;
      return ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) =>
        Object.keys(manifest[kind] ?? {}),
      );
    };
    expect(
      offenders(({ folder, specifier }) => {
        const wanted = packageOf(specifier);
        return wanted !== undefined && !declared(folder).includes(wanted);
      }),
    ).toEqual([]);
  });

  test('of nats stand in the bus alone', () => {
    expect(
      offenders(({ file, specifier }) => packageOf(specifier) === 'nats' && !file.startsWith(BUS)),
    ).toEqual([]);
  });
});

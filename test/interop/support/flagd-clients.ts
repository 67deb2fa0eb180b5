// flagd's providers, as published, and what each does otherwise than the others with any server. A language is one program
// (../flagd-client-*), started for each mode.

export const CAPABILITIES = [
  'all types of values',
  'targeting',
  '200 keys of a split, as the evaluator',
  'missing flag',
  'type mismatch',
  'disabled flag',
  'metadata',
  'change seen live',
  'killed server is back',
  'change during an outage seen, though cached before',
  'drained server is back',
  'clean stop',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** As FLAGD_RESOLVER has it: a server is asked for each answer, or sends all flags to the engine in the client. */
export type Mode = 'rpc' | 'in-process';

/**
 * How an engine in the client divides subjects: `v2` is how flagd and we do it, `utf-16` the same but for keys that are not
 * ASCII.
 */
export type SplitEngine = 'v1' | 'v2' | 'v3' | 'utf-16';

export interface ClientSpec {
  readonly name: string;
  readonly program: string;
  readonly toolchain: string;
  /** Its program starts Chromium. */
  readonly inBrowser?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** Absent: it is a server that divides. */
  readonly splits?: SplitEngine;
  readonly disabled?: { readonly value?: string; readonly reason: string; readonly errorCode?: string };
  readonly codeOfMismatch?: string;
  /** What its provider does not do with any server. */
  readonly lacks?: readonly Capability[];
  /** Its provider says nothing of changes, though it may answer by them. */
  readonly withoutEvents?: boolean;
  /** Its provider says that flags have changed, but not which. */
  readonly eventsWithoutKeys?: boolean;
  /** Of an answer that its provider has kept; absent: CACHED in RPC mode. */
  readonly reasonOfKept?: 'STATIC';
  /** Its provider makes text of nested objects. */
  readonly nestedAsText?: boolean;
}

const NODE = { program: 'flagd-client-node', toolchain: 'npm' };
const PYTHON = { program: 'flagd-client-python', toolchain: 'Python 3.10' };
const JAVA = { program: 'flagd-client-java', toolchain: 'Java 17 with Maven' };
const RUST = {
  program: 'flagd-client-rust',
  toolchain: 'Rust with cargo',
  withoutEvents: true,
  nestedAsText: true,
};
const GO = { program: 'flagd-client-go', toolchain: 'Go 1.25' };
const WEB = {
  program: 'flagd-client-web',
  toolchain: 'npm',
  // It says CACHED only before it was ever connected.
  reasonOfKept: 'STATIC',
  eventsWithoutKeys: true,
} as const;
/** Evaluation v1, where a value cannot be absent: a disabled flag has the zero of its type. */
const ZERO = { value: '', reason: 'DISABLED' };
const AS_AN_ERROR = { reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };

export const RPC_CLIENTS: readonly ClientSpec[] = [
  { ...NODE, name: 'Node 0.16.1' },
  { ...PYTHON, name: 'Python 0.6.1', lacks: ['metadata'] },
  { ...JAVA, name: 'Java 0.11.15', disabled: ZERO },
  {
    ...RUST,
    name: 'Rust 0.3.0',
    // Nothing tells it of a change: it would keep an answer for a minute.
    settings: { FLAGD_CACHE: 'disabled' },
    reasonOfKept: 'STATIC',
    disabled: ZERO,
    codeOfMismatch: 'INVALID_CONTEXT',
    lacks: ['change seen live'],
  },
  { ...GO, name: 'Go 0.6.0' },
  { ...WEB, name: 'web 0.7.4 in Node', disabled: ZERO, lacks: ['metadata', 'clean stop'] },
  {
    ...WEB,
    program: 'openfeature-browser',
    inBrowser: true,
    name: 'web 0.7.4 in Chromium',
    disabled: ZERO,
    lacks: ['metadata'],
  },
];

export const IN_PROCESS_CLIENTS: readonly ClientSpec[] = [
  { ...NODE, name: 'Node 0.16.1, in process', splits: 'utf-16' },
  { ...PYTHON, name: 'Python 0.6.1, in process', splits: 'v3' },
  { ...JAVA, name: 'Java 0.11.15, in process', splits: 'v1', disabled: AS_AN_ERROR },
  { ...RUST, name: 'Rust 0.3.0, in process', splits: 'v3', disabled: AS_AN_ERROR },
  { ...GO, name: 'Go 0.6.0, in process', splits: 'v2' },
];

// Bytes without sense, and HTTP/1.1 as nobody should send it: for the management ports, and for the gRPC ports, which
// answer it too.

import type { Random } from '../sim/world/random.ts';
import type { InputKind, Outcome } from './fuzz-input.ts';
import { damaged, hostileText } from './hostile-values.ts';
import { type Exchanged, exchange } from './raw-connection.ts';

const PATHS: readonly string[] = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/',
  '*',
  '//',
  '/healthz?x=1',
  '/%2e%2e/%00',
  'http://[::1',
  'http://elsewhere/healthz',
  '/__proto__',
  '/constructor',
  '/flagstream.v1.EvaluationService/Evaluate',
];
const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PRI',
  'QUERY',
  'G'.repeat(9_000),
  'GET\0',
  'M-SEARCH',
];
const VERSIONS: readonly string[] = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9', ''];
const HEADERS: readonly string[] = [
  'Host: x',
  'Host: x\r\nHost: y',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 3\r\nContent-Length: 4',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Transfer-Encoding: gzip, identity',
  'Connection: upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Range: bytes=0-18446744073709551615',
  'X: \xff\xfe',
  'X:\r\n folded',
  ': nameless',
  'Bad Name: x',
  '__proto__: x',
];
const BODIES: readonly string[] = [
  '',
  'abc',
  '5\r\nabcde\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '-1\r\n',
  '0\r\n__proto__: x\r\n\r\n',
  'zz\r\n',
];
/** Of headers: four times what is taken. */
const HUGE_BYTES = 65_536;
/** Of one input: each is a packet. */
const PORTIONS_MAX = 500;

/** Bytes that mean nothing, sometimes behind the first byte of something. */
export const RANDOM_BYTES: InputKind = {
  name: 'random bytes',
  weight: 3,
  send: async (random, { listener }) => {
    const begin = random.pick([
      [],
      [0x16],
      [0x16, 0x03, 0x01],
      [0x50],
      [0x50, 0x52, 0x49],
      [0x47, 0x45, 0x54, 0x20],
    ]);
    const bytes = Buffer.concat([Uint8Array.from(begin), random.bytes(random.int(0, 2_000))]);
    return told(await exchange(listener.port, { portions: [bytes], reset: random.chance(0.1) }));
  },
};

export const ODD_HTTP1: InputKind = {
  name: 'odd HTTP/1.1',
  weight: 3,
  send: async (random, { listener }) => {
    // Pipelined: none of them waits for an answer.
    const requests = Array.from({ length: random.pick([1, 1, 1, 2, 5, 30]) }, () => oddRequest(random));
    const whole = Buffer.from(requests.join(''), 'latin1');
    const sent = random.chance(0.2) ? damaged(random, whole) : whole;
    const portions = random.chance(0.1) ? byPortions(random, sent) : [sent];
    return told(
      await exchange(listener.port, { portions, reset: random.chance(0.05), halfClose: random.chance(0.9) }),
    );
  },
};

/** Headers that come byte by byte, or stop halfway. */
export const SLOW_HEADERS: InputKind = {
  name: 'slow headers',
  weight: 0.2,
  send: async (random, { listener }) => {
    const head = Buffer.from(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(random.int(1, 200))}`);
    const portions = byPortions(random, head).slice(0, 20);
    return told(await exchange(listener.port, { portions, betweenMs: 5, halfClose: false }));
  },
};

function oddRequest(random: Random): string {
  const line = `${random.chance(0.5) ? 'GET' : random.pick(METHODS)} ${random.chance(0.9) ? random.pick(PATHS) : hostileText(random)} ${random.chance(0.6) ? 'HTTP/1.1' : random.pick(VERSIONS)}`;
  const headers = Array.from({ length: random.int(0, 3) }, () => random.pick(HEADERS));
  if (random.chance(0.03)) headers.push(`X: ${'z'.repeat(random.int(1, HUGE_BYTES))}`);
  if (random.chance(0.03))
    headers.push(...Array.from({ length: random.int(1, 3_000) }, (_, i) => `x${i}: 1`));
  const end = random.pick(['\r\n', '\r\n', '\r\n', '\n', '\r']);
  return `${[line, ...headers].join(end)}${end}${end}${random.pick(BODIES)}`;
}

function byPortions(random: Random, whole: Uint8Array): Uint8Array[] {
  const size = Math.max(random.pick([1, 2, 7, 100]), Math.ceil(whole.length / PORTIONS_MAX));
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.subarray(i * size, (i + 1) * size),
  );
}

/** What an HTTP/1.1 server says first, or how the connection ended without a word. */
function told({ received, end }: Exchanged): Outcome {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received.subarray(0, 16).toString('latin1'))?.[1];
  if (status === undefined)
    return { answer: received.length === 0 ? `no answer, ${end}` : `other bytes, ${end}` };
  const answer = `HTTP ${status}`;
  // 503 says that a process is not ready, 505 that it does not speak that version.
  return Number(status) >= 500 && !['503', '505'].includes(status)
    ? { answer, finding: `answered ${received.subarray(0, 300).toString('latin1')}` }
    : { answer };
}

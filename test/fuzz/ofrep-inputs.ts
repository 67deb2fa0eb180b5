// OFREP as nobody should ask it: its own paths with keys, queries, headers and bodies that mean harm. Whatever comes is
// answered with a status that blames the caller, and with JSON.

import type { Random } from '../sim/world/random.ts';
import type { InputKind, Outcome } from './fuzz-input.ts';
import { damaged, hostileText } from './hostile-values.ts';
import { exchange } from './raw-connection.ts';

const FLAGS = '/ofrep/v1/evaluate/flags';
const PATHS: readonly string[] = [
  FLAGS,
  `${FLAGS}/`,
  `${FLAGS}/new-checkout`,
  `${FLAGS}/%00`,
  `${FLAGS}/%`,
  `${FLAGS}/%ff%fe`,
  `${FLAGS}/__proto__`,
  `${FLAGS}/constructor?x`,
  `${FLAGS}/${'a'.repeat(5_000)}`,
  `${FLAGS}?flagConfigEtag=9999999999-999999999999999`,
  `${FLAGS}?flagConfigEtag=%22`,
  '/ofrep/v1/sse/%E0%A4%A',
  '/ofrep/v1/sse/source%3Dx?project=%00&pass=.',
  '/ofrep/v1/sse?project=nowhere',
  '/ofrep/v1/sse?pass=a.b',
];
const METHODS: readonly string[] = ['POST', 'POST', 'POST', 'GET', 'OPTIONS', 'DELETE'];
const HEADERS: readonly string[] = [
  'If-None-Match: *',
  'If-None-Match: W/"',
  `If-None-Match: ${'"a",'.repeat(3_000)}`,
  'Accept-Encoding: gzip',
  'Accept-Encoding: gzip;q=0,,;=',
  'Content-Encoding: gzip',
  'Flagd-Selector: flagSetId=',
  'Flagd-Selector: version=1',
  'Flagd-Selector: \xff',
  'Flagstream-Project: ../..',
  'Flagstream-Environment: \x7f',
  'Authorization: Bearer',
  'Authorization: Basic eA==',
  'X-API-Key: fss_a_b_c_d',
  'Origin: null',
  'Origin: http://[',
  'Access-Control-Request-Headers: a\tb',
  'X-Forwarded-Host: a b"\\',
  'X-Forwarded-Proto: javascript',
  'Last-Event-ID: 99999999999999999999',
];
const DEEP = 30_000;
const BODIES: readonly string[] = [
  '',
  '{}',
  'null',
  '[]',
  '{"context":{"__proto__":{"targetingKey":1}}}',
  '{"context":{"targetingKey":{}}}',
  '{"context":{"targetingKey":"u","a":1e999}}',
  '{"context":{"a":"\\ud800"}}',
  `{"context":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`,
  `${'['.repeat(DEEP)}`,
  `{"context":{"a":"${'x'.repeat(70_000)}"}}`,
  `{"context":{${Array.from({ length: 2_000 }, (_, index) => `"a${index}":0`).join(',')}}}`,
];
export const ODD_OFREP: InputKind = {
  name: 'odd OFREP',
  weight: 9,
  send: async (random, { listener }) => {
    const { received, end } = await exchange(listener.port, {
      portions: [request(random)],
      halfClose: false,
    });
    return told(received.toString('latin1'), end);
  },
};

function request(random: Random): Buffer {
  const path = random.chance(0.9) ? random.pick(PATHS) : `${FLAGS}/${encodeURIComponent(soundText(random))}`;
  const headers = Array.from({ length: random.int(0, 4) }, () => random.pick(HEADERS));
  const whole = Buffer.from(random.pick(BODIES));
  const body = random.chance(0.3) ? damaged(random, whole) : whole;
  const head = [
    `${random.pick(METHODS)} ${path} HTTP/1.1`,
    'Host: x',
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** What can be percent-encoded: no half of a surrogate pair. */
function soundText(random: Random): string {
  return hostileText(random).replaceAll(/\p{Surrogate}/gu, '');
}

function told(received: string, end: string): Outcome {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received)?.[1];
  if (status === undefined) return { answer: `no answer, ${end}` };
  if (status.startsWith('5')) return { answer: status, finding: `answered with ${status}` };
  const isJson = received.includes('application/json');
  const needsJson = !['200', '204', '304'].includes(status);
  return { answer: status, ...(needsJson && !isJson ? { finding: `${status} without JSON` } : {}) };
}

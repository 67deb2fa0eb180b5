// Calls of every method: with messages that are drawn, damaged or framed wrongly, and with metadata that no library
// would send.

import type { OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import type { DescMethod } from '@bufbuild/protobuf';
import type { Random } from '../sim/world/random.ts';
import type { InputKind, InputSite, Outcome } from './fuzz-input.ts';
import { framed, type WireCall } from './grpc-wire.ts';
import { damaged, hostileText, keyText } from './hostile-values.ts';
import { judged } from './judge-answer.ts';
import { contractMethods, messageBytes, methodPath } from './message-bytes.ts';

/** What a stream without an end is read for. */
const LEAVE_AFTER_MS = 25;
/** The catch of a bomb: its bytes are sent once, made once. */
const BOMB_BYTES = 96 * 2 ** 20;

const METHODS: readonly DescMethod[] = contractMethods();
const OF_CONTROL_PLANE = /Admin|History|Log|Maintenance|Health|Reflection/;
const OF_EVALUATOR = /Evaluation|Stream|Health|Reflection/;

/** The methods of a listener, and now and then one that it does not serve. */
export function methodOf(random: Random, { listener }: InputSite): DescMethod {
  if (random.chance(0.03)) return random.pick(METHODS);
  const served = listener.name === 'evaluator' ? OF_EVALUATOR : OF_CONTROL_PLANE;
  return random.pick(METHODS.filter(({ parent }) => served.test(parent.name)));
}

export const DRAWN_MESSAGES: InputKind = {
  name: 'drawn messages',
  weight: 6,
  send: (random, site) => {
    const method = methodOf(random, site);
    return sendCall(random, site, method, framed(messageBytes(random, method.input)));
  },
};

export const DAMAGED_MESSAGES: InputKind = {
  name: 'damaged messages',
  weight: 4,
  send: (random, site) => {
    const method = methodOf(random, site);
    return sendCall(random, site, method, framed(damaged(random, messageBytes(random, method.input))));
  },
};

export const ODD_FRAMING: InputKind = {
  name: 'odd gRPC framing',
  weight: 1.5,
  send: (random, site) => {
    const method = methodOf(random, site);
    const message = messageBytes(random, method.input);
    const headers: OutgoingHttpHeaders = {};
    let body: Uint8Array;
    switch (random.int(0, 8)) {
      case 0:
        body = framed(message, 0, random.pick([0, 1, message.length + 1, 2 ** 31, 2 ** 32 - 1]));
        break;
      case 1:
        body = framed(message, random.int(1, 255));
        break;
      case 2:
        headers['grpc-encoding'] = random.pick([
          'gzip',
          'deflate',
          'br',
          'identity',
          '__proto__',
          hostileHeader(random),
        ]);
        body = framed(random.chance(0.5) ? gzipSync(message) : damaged(random, gzipSync(message)), 1);
        break;
      case 3:
        headers['grpc-encoding'] = 'gzip';
        body = framed(random.int(1, 20) === 1 ? bomb() : gzipSync(message), 1);
        break;
      case 4:
        body = Buffer.concat([framed(message), framed(message), framed(message)]);
        break;
      case 5:
        body = Buffer.concat([framed(message), random.bytes(random.int(1, 30))]);
        break;
      case 6:
        body = new Uint8Array();
        break;
      case 7:
        body = framed(message).subarray(0, random.int(0, 5));
        break;
      default:
        body = damaged(random, framed(message));
    }
    return sendCall(random, { ...site, wire: site.roughWire }, method, body, headers);
  },
};

export const ODD_METADATA: InputKind = {
  name: 'odd metadata',
  weight: 2,
  send: (random, site) => {
    const method = methodOf(random, site);
    const headers: Record<string, string | string[]> = {};
    for (let i = random.int(1, 4); i > 0; i--) {
      const [name, value] = oddHeader(random);
      headers[name] = value;
    }
    if (random.chance(0.05)) for (let i = random.int(1, 300); i > 0; i--) headers[`x-${i}`] = 'y';
    const rough = { ...site, wire: site.roughWire };
    return sendCall(random, rough, method, framed(messageBytes(random, method.input)), headers);
  },
};

async function sendCall(
  random: Random,
  { wire, roughWire }: InputSite,
  method: DescMethod,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<Outcome> {
  const streams = method.methodKind !== 'unary';
  const byteWise = body.length < 400 && random.chance(0.05);
  const leaves = streams || random.chance(0.05);
  const call: WireCall = {
    path: methodPath(method),
    headers: { ...placeHeaders(random), ...headers },
    portions: byteWise ? Array.from(body, (byte) => Uint8Array.of(byte)) : [body],
    halfClose: !leaves || random.chance(0.7),
    ...(leaves ? { leaveAfterMs: random.int(0, LEAVE_AFTER_MS) } : {}),
  };
  const isSound = wire !== roughWire;
  const first = await wire.call(call);
  // A flood beside it may have cost it its connection; what it did itself it does again.
  const answer = first.end === 'reset' && isSound ? await wire.call(call) : first;
  const outcome = judged(answer, methodPath(method));
  // An answer may be one that HTTP/2 does not carry: then its caller waits in vain.
  const unanswered = outcome.answer === 'reset' && isSound ? 'was sent soundly and reset, twice' : undefined;
  const finding = outcome.finding ?? unanswered;
  return finding === undefined ? outcome : { ...outcome, finding: `${method.name}: ${finding}` };
}

/** Where the call is to work: mostly where something is. */
function placeHeaders(random: Random): OutgoingHttpHeaders {
  if (random.chance(0.9)) return {};
  return {
    'flagstream-project': headerText(keyText(random)),
    'flagstream-environment': headerText(keyText(random)),
  };
}

function oddHeader(random: Random): [string, string | string[]] {
  switch (random.int(0, 8)) {
    case 0:
      return [
        'grpc-timeout',
        random.pick([
          '0n',
          '1n',
          '1u',
          '99999999H',
          '2500000S',
          '-1S',
          '1',
          'S',
          '1.5S',
          '9'.repeat(300),
          hostileHeader(random),
        ]),
      ];
    case 1:
      return [
        'content-type',
        random.pick(['application/grpc+json', 'application/json', 'text/html', 'application/grpc;x', '']),
      ];
    case 2:
      return [
        random.pick(['x-bin', 'grpc-trace-bin', 'grpc-tags-bin']),
        random.pick(['====', '\xff', 'AAAA,BBBB', 'A', hostileHeader(random)]),
      ];
    case 3:
      return [`x${random.pick(['!', '~', '|', '#', '$', '%', '&', "'", '*', '+', '^', '`'])}y`, 'z'];
    case 4:
      return [
        random.pick([
          'authorization',
          'user-agent',
          'cookie',
          '__proto__',
          'constructor',
          'grpc-accept-encoding',
        ]),
        hostileHeader(random),
      ];
    case 5:
      return [
        random.pick(['flagstream-project', 'flagstream-environment']),
        random.chance(0.5) ? hostileHeader(random) : ['a', 'b'],
      ];
    case 6:
      return [
        ':path',
        random.pick([
          '/',
          '/a/b/c',
          '/flagstream.v1.AdminService/__proto__',
          '/__proto__/constructor',
          '/flagstream.v1.AdminService/',
          `/${'a'.repeat(random.int(1, 20_000))}`,
        ]),
      ];
    case 7:
      return [':authority', hostileHeader(random)];
    default:
      return ['x-long', 'l'.repeat(random.int(1, 70_000))];
  }
}

function hostileHeader(random: Random): string {
  return headerText(hostileText(random));
}

/** What a header can hold: bytes, and no ends of lines. */
function headerText(text: string): string {
  return Buffer.from(text.slice(0, 20_000))
    .toString('latin1')
    .replaceAll(/[\0\r\n]/g, '?')
    .trim();
}

let packed: Uint8Array | undefined;

function bomb(): Uint8Array {
  packed ??= gzipSync(Buffer.alloc(BOMB_BYTES));
  return packed;
}

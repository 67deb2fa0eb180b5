// Searches what a whole test run was told (run-recording.mjs) for what must never be told: API tokens, private keys,
// seeds of NATS users, and values of evaluation contexts. Context values are known by a mark: those of tests begin
// with PRIVATE_MARK (test/support/private-value.ts). Also looks into what is written in base64, in hexadecimal digits
// or percent-encoded. Pure.
//
// Standard output of a command is not in the recording (test/support/process.ts): it is for who typed the command, and
// `key create` shows a token there, `eval --explain` a context.

import { CUT } from './run-recording.mjs';

/** How values of evaluation contexts in tests begin, so that one in a log is known for what it is. */
export const PRIVATE_MARK = 'undisclosed-';

const TOKEN = /fs[sca]_(?:[a-z0-9._-]{1,128}_)?[0-9a-z]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/g;
/** "S", the kind of its owner, and the rest of 36 bytes in base32. */
const NATS_SEED = /(?<![A-Z2-7])S[ACNOUX][A-Z2-7]{56}(?![A-Z2-7])/g;
const PRIVATE_VALUE = new RegExp(`${PRIVATE_MARK}[\\w-]{0,40}`, 'gi');

/** The shortest of the above, in base64. */
const BASE64 = /[A-Za-z0-9+/_-]{16,}/g;
const HEX = /(?:[0-9a-fA-F]{2}){12,}/g;
const PERCENT = /%[0-9a-fA-F]{2}/;

const AROUND = 60;
const FINDINGS_MAX = 30;

/**
 * @param {Iterable<{kind: string, of: string, during: string, text: string}>} entries
 * @param {{parseToken: (text: string) => unknown, kinds: readonly string[]}} needs `parseToken` answers undefined for
 *   what is no whole token; of each of `kinds` at least one entry must be there, or nobody listened
 * @returns {{heard: Map<string, number>, findings: string[]}} how many entries of each kind there were
 */
export function searchRecording(entries, { parseToken, kinds }) {
  const kept = new Map();
  const heard = new Map();
  for (const { kind, of, during, text } of entries) {
    heard.set(kind, (heard.get(kind) ?? 0) + 1);
    for (const { secret, excerpt } of secretsOf(text, parseToken)) {
      const finding = `${secret} in ${kind} of ${of}${during === '' ? '' : ` (${during})`}`;
      // The first excerpt stands for all of its kind and place.
      const { times = 0, excerpt: first = excerpt } = kept.get(finding) ?? {};
      kept.set(finding, { times: times + 1, excerpt: first });
    }
  }
  const findings = [...kept].map(([finding, { times, excerpt }]) => `${finding}, ${times}x: ${excerpt}`);
  const more = findings.length - FINDINGS_MAX;
  if (more > 0) findings.splice(FINDINGS_MAX, more, `and ${more} more`);
  for (const kind of kinds) if (!heard.has(kind)) findings.push(`nothing was recorded of kind ${kind}`);
  if (heard.has(CUT)) findings.push('the recording was cut: something printed more than it may');
  return { heard, findings };
}

/** Each secret of a text with the text around it, in which no secret can be read. */
function secretsOf(text, parseToken) {
  const plain = markedSecrets(text, parseToken);
  const encoded = decodings(text).flatMap(({ form, text: inner }) =>
    markedSecrets(inner, parseToken).map(({ secret, excerpt }) => ({
      secret: `${secret} in ${form}`,
      excerpt,
    })),
  );
  return [...plain, ...encoded];
}

function markedSecrets(text, parseToken) {
  const found = [];
  const replaced = (secret) => {
    found.push(secret);
    return `[${secret}]`;
  };
  const safe = text
    .replace(TOKEN, (match) => (parseToken(match) === undefined ? match : replaced('API token')))
    .replace(PRIVATE_KEY, () => replaced('private key'))
    .replace(NATS_SEED, () => replaced('NATS seed'))
    .replace(PRIVATE_VALUE, (match) => {
      // Which value it was may be told: that is how its test is found, and it belongs to nobody.
      found.push('private value');
      return `[private value ${match.slice(PRIVATE_MARK.length)}]`;
    });
  return [...new Set(found)].map((secret) => ({ secret, excerpt: excerptOf(safe, `[${secret}`) }));
}

function excerptOf(safe, mark) {
  const at = safe.indexOf(mark);
  // What follows the head of a private key is the key.
  const end = mark === '[private key' ? at + mark.length + 1 : at + AROUND * 2;
  return JSON.stringify(safe.slice(Math.max(0, at - AROUND), end));
}

function decodings(text) {
  const inner = [];
  // What was encoded may have begun within the run: each of the four places in a group of letters is tried.
  for (const [run] of text.matchAll(BASE64))
    for (const start of [0, 1, 2, 3])
      inner.push({ form: 'base64', text: Buffer.from(run.slice(start), 'base64').toString('latin1') });
  for (const [run] of text.matchAll(HEX))
    inner.push({ form: 'hex', text: Buffer.from(run, 'hex').toString('latin1') });
  if (PERCENT.test(text))
    inner.push({
      form: 'percent-encoding',
      text: text.replaceAll(/%[0-9a-fA-F]{2}/g, (code) =>
        String.fromCharCode(Number.parseInt(code.slice(1), 16)),
      ),
    });
  return inner;
}

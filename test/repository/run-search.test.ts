// The search that ends `make test`, with each kind of secret planted, and what it is given when nobody listens.

import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { formatToken, newKeyId, newSecret, parseToken } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, test } from 'vitest';
import { HEARD_KINDS, RunRecording, readRecording } from '../../scripts/run-recording.mjs';
import { searchRecording } from '../../scripts/run-search.mjs';
import { TestAuthority } from '../support/certificates.ts';
import { privateValue } from '../support/private-value.ts';
import { tempDir } from '../support/temp-dir.ts';

const token = (kind: KeyKind, environment: string): string =>
  formatToken({
    kind,
    environment,
    keyId: newKeyId(Buffer.alloc(12, 7)),
    secret: newSecret(Buffer.alloc(32, 9)),
  });
const SERVER_TOKEN = token(KeyKind.SERVER, 'shop_eu.development-2');
const NATS_SEED = `SU${'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.repeat(2).slice(0, 56)}`;

/** Everything that a whole run hears, harmless. */
const HARMLESS = HEARD_KINDS.map((kind) => ({ kind, of: 'a server', during: 'a.test.ts', text: 'ready' }));
const needs = { parseToken, kinds: HEARD_KINDS };

function findingsIn(text: string): string[] {
  const entry = { kind: 'log', of: 'flagstream dev', during: 'test/x.test.ts', text };
  return searchRecording([...HARMLESS, entry], needs).findings;
}

describe('the search of what a test run was told finds', () => {
  test.each([
    ['API token', 'a server’s token', SERVER_TOKEN],
    ['API token', 'a client’s token', token(KeyKind.CLIENT, 'production')],
    ['API token', 'an administrator’s token', token(KeyKind.ADMIN, '')],
    ['private key', 'a private key', new TestAuthority().issue('somebody').key],
    ['private key', 'a private key of another algorithm', '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE'],
    ['NATS seed', 'a NATS user’s seed', NATS_SEED],
    ['private value', 'a context value', privateValue('email')],
  ])('%s: %s, as it is, within other text and encoded', (secret, _what, planted) => {
    for (const [form, text] of [
      ['', planted],
      ['', `{"err":{"stack":"Error: ${JSON.stringify(planted).slice(1, -1)}x\\n at y"}}`],
      [' in base64', Buffer.from(planted).toString('base64')],
      [' in base64', `token=${Buffer.from(`ab${planted}`).toString('base64url')};`],
      [' in hex', `<${Buffer.from(planted).toString('hex')}>`],
      [' in percent-encoding', [...Buffer.from(planted)].map((byte) => `%${byte.toString(16)}`).join('')],
    ] as const) {
      const [finding, ...more] = findingsIn(`before ${text} after`);
      expect(finding, text).toMatch(
        new RegExp(`^${secret}${form} in log of flagstream dev \\(test/x.test.ts\\)`),
      );
      expect(more, text).toEqual([]);
      expect(finding).not.toContain(planted.slice(-20));
    }
  });

  test('each place once, however often it said so', () => {
    const twice = [1, 2].map(() => ({
      kind: 'page',
      of: '/metrics',
      during: '',
      text: privateValue('plan'),
    }));
    expect(searchRecording([...HARMLESS, ...twice], needs).findings).toEqual([
      'private value in page of /metrics, 2x: "[private value plan]"',
    ]);
  });
});

describe('the search of what a test run was told passes over', () => {
  test.each([
    [
      'a token of which a character is wrong',
      `${SERVER_TOKEN.slice(0, -1)}${SERVER_TOKEN.endsWith('0') ? 1 : 0}`,
    ],
    ['a certificate', new TestAuthority().cert],
    ['a NATS user’s public key', `U${NATS_SEED.slice(1)}`],
    ['a hash', 'f'.repeat(64)],
  ])('%s', (_what, text) => {
    expect(findingsIn(text)).toEqual([]);
  });
});

describe('the search of what a test run was told fails', () => {
  test('when nothing was recorded', () => {
    const { heard, findings } = searchRecording(readRecording(tempDir('nothing-heard')), needs);
    expect(heard.size).toBe(0);
    expect(findings).toEqual(HEARD_KINDS.map((kind) => `nothing was recorded of kind ${kind}`));
  });

  test('when one kind of what can be heard was not', () => {
    const deaf = HARMLESS.filter(({ kind }) => kind !== 'refusal');
    expect(searchRecording(deaf, needs).findings).toEqual(['nothing was recorded of kind refusal']);
  });

  test('when a recording took no more', () => {
    const folder = tempDir('full');
    const recording = new RunRecording(folder, 'one', 300);
    for (const entry of HARMLESS) {
      recording.add({ ...entry, text: 'x'.repeat(100) });
      recording.flush();
    }
    const { heard, findings } = searchRecording(readRecording(folder), { ...needs, kinds: [] });
    expect([...heard]).toEqual([
      ['output', 1],
      ['cut', 1],
    ]);
    expect(findings).toEqual(['the recording was cut: something printed more than it may']);
  });

  test('when half an entry is there', () => {
    const folder = tempDir('half');
    appendFileSync(path.join(folder, 'one.jsonl'), '{"kind":"log","of":"x","dur');
    expect(() => searchRecording(readRecording(folder), needs)).toThrow(SyntaxError);
  });
});

test('a recording gives back what was added, by any number of writers', () => {
  const folder = tempDir('recording');
  const texts = ['ä\n"', '\u{1f3f3}'.repeat(600_000), ''];
  for (const [index, text] of texts.entries()) {
    const recording = new RunRecording(folder, `writer-${index}`);
    recording.add({ kind: 'log', of: 'x', during: '', text });
    recording.flush();
  }
  expect([...readRecording(folder)].map(({ text }) => text)).toEqual(texts);
});

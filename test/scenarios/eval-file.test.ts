// `flagstream eval --file` as a check from outside sees it: a real process, lines on stdin, answers on stdout.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { entryPoint, type Finished } from '../support/flagstream.ts';
import { TestProcess } from '../support/process.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';

const folder = tempDir('eval-file');

interface Answer {
  readonly id: unknown;
  readonly value?: unknown;
  readonly variant?: string;
  readonly reason?: string;
  readonly ruleId?: string;
  readonly enabled?: boolean;
  readonly error?: { readonly code: string; readonly reason: string };
}

function file(name: string, contents: unknown): string {
  const place = path.join(folder, name);
  writeFileSync(place, typeof contents === 'string' ? contents : JSON.stringify(contents));
  return place;
}

/** Runs `flagstream WORDS` in a shell; `redirection` says where it reads and who reads it. */
async function shell(words: readonly string[], redirection: string): Promise<Finished> {
  const script = `"$0" "$@" ${redirection}`;
  const started = new TestProcess(`flagstream ${words.join(' ')}`, 'bash', [
    '-c',
    script,
    process.execPath,
    ...entryPoint(),
    ...words,
  ]);
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}

async function batch(
  words: readonly string[],
  lines: readonly string[],
): Promise<Finished & { readonly answers: readonly Answer[] }> {
  const finished = await shell(
    ['eval', '--batch', ...words],
    `< '${file('questions.jsonl', `${lines.join('\n')}\n`)}'`,
  );
  const answers = finished.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Answer);
  return { ...finished, answers };
}

const ask = (id: unknown, flag: string, context: object = {}, more: object = {}): string =>
  JSON.stringify({ id, flag, context, ...more });

const OWN = `
format: flagstream/v1
project: shop
environments: [{ name: production }, { name: staging }]
flags:
  - flag: { name: checkout, kind: FLAG_KIND_BOOLEAN }
    configs:
      production:
        enabled: true
        rules:
          - id: dutch
            condition: { compare: { attribute: country, operator: in, values: [NL] } }
            serve: { variant: "on" }
          - id: advent
            window: { start: 2026-12-01T00:00:00Z }
            serve: { variant: "on" }
        fallthrough: { split: { entries: [{ variant: "on", weight: 50000 }, { variant: "off", weight: 50000 }] } }
  - flag: { name: empty, kind: FLAG_KIND_STRING, variants: [{ key: a, value: x }] }
    configs: { production: { enabled: true } }
  - flag: { name: "null", kind: FLAG_KIND_ANY, variants: [{ key: nothing, value: null }] }
    configs: { production: { enabled: true, fallthrough: { variant: nothing } } }
  - flag: { name: broken, kind: FLAG_KIND_BOOLEAN }
    configs: { production: { enabled: true, fallthrough: { variant: third } } }
`;

const FLAGD = {
  $evaluators: {
    isStaff: { ends_with: [{ var: 'email' }, '@example.com'] },
    isOurs: { or: [{ $ref: 'isStaff' }, { '==': [{ var: 'plan' }, 'pro'] }] },
  },
  flags: {
    headerColor: {
      state: 'ENABLED',
      variants: { red: '#f00', blue: '#00f', grey: '#888' },
      defaultVariant: 'grey',
      targeting: {
        if: [
          { $ref: 'isOurs' },
          {
            fractional: [
              ['red', 50],
              ['blue', 50],
            ],
          },
          null,
        ],
      },
    },
    plain: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' },
    disabled: { state: 'DISABLED', variants: { on: true }, defaultVariant: 'on' },
    codeDefault: { state: 'ENABLED', variants: { on: true }, defaultVariant: null },
    missing: {
      state: 'ENABLED',
      variants: { on: true },
      defaultVariant: 'on',
      targeting: { $ref: 'nobody' },
    },
    unreadable: { state: 'ENABLED', variants: ['on'] },
  },
};

describe('a batch', () => {
  test('of thousands of lines is answered line by line, in order, whatever stands in some', async () => {
    const flags = file('own.yaml', OWN);
    const count = 4_000;
    const lines = Array.from({ length: count }, (_, i) => {
      if (i % 100 === 7) return `{"id":${i},"flag":"checkout"`;
      if (i % 100 === 8) return ask(i, 'checkout', {}, { now: 'now' });
      return ask(
        i,
        'checkout',
        { targetingKey: `user-${i}`, country: i % 2 === 0 ? 'NL' : 'DE' },
        { now: '2026-11-01T00:00:00Z' },
      );
    });
    const { code, stderr, answers } = await batch(['--file', flags, '-p', 'shop', '-e', 'production'], lines);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `refused: ${flags}:23:69: flag broken: fallthrough.variant: The flag has no variant "third"; it has on, off.\n`,
    );
    expect(answers.map(({ id }) => id)).toEqual(
      Array.from({ length: count }, (_, i) => (i % 100 === 7 ? null : i)),
    );
    for (const [i, answer] of answers.entries()) {
      if (i % 100 === 7 || i % 100 === 8)
        expect(answer).toEqual({
          id: answer.id,
          error: { code: 'INVALID_ARGUMENT', reason: expect.any(String) },
        });
      else if (i % 2 === 0)
        expect(answer).toEqual({
          id: i,
          value: true,
          variant: 'on',
          reason: 'TARGETING_MATCH',
          ruleId: 'dutch',
          enabled: true,
        });
      else expect(answer).toMatchObject({ reason: 'SPLIT', ruleId: '', enabled: true });
    }
    const split = answers.filter(({ reason }) => reason === 'SPLIT');
    const share = split.filter(({ value }) => value === true).length / split.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  test('answers default, null, refusals, unknown flags, blank lines and instants', async () => {
    const { code, stdout } = await batch(
      ['--file', file('own.yaml', OWN), '-e', 'production'],
      [
        ask('a', 'empty'),
        ask('b', 'empty', {}, { default: { theirs: [1, null] } }),
        ask('c', 'null', {}, { default: 1 }),
        ask('d', 'broken', {}, { default: false }),
        ask('e', 'no such flag'),
        '   ',
        ask('f', 'checkout', { country: 'DE' }, { now: '2026-12-01T01:00:00+01:00' }),
        '{"id":"g","flag":"checkout","context":{"__proto__":{"country":"NL"},"targetingKey":"u"},"now":"2026-01-01T00:00:00Z"}',
        '{"__proto__":{"id":"h","flag":"checkout","context":{}},"id":"i","flag":"empty","context":{}}',
      ],
    );
    const refused = 'refused: fallthrough.variant: The flag has no variant \\"third\\"; it has on, off.';
    expect(stdout.split('\n')).toEqual([
      '{"id":"a","reason":"DEFAULT","ruleId":"","enabled":true}',
      '{"id":"b","value":{"theirs":[1,null]},"reason":"DEFAULT","ruleId":"","enabled":true}',
      '{"id":"c","value":null,"variant":"nothing","reason":"STATIC","ruleId":"","enabled":true}',
      `{"id":"d","value":false,"reason":"ERROR","ruleId":"","enabled":false,"error":{"code":"PARSE_ERROR","reason":"${refused}"}}`,
      '{"id":"e","reason":"ERROR","ruleId":"","enabled":false,"error":{"code":"FLAG_NOT_FOUND","reason":"There is no flag \\"no such flag\\" in this environment."}}',
      '{"id":null,"error":{"code":"INVALID_ARGUMENT","reason":"The line is not JSON: Unexpected end of JSON input."}}',
      '{"id":"f","value":true,"variant":"on","reason":"TARGETING_MATCH","ruleId":"advent","enabled":true}',
      expect.stringMatching(/^\{"id":"g","value":(true|false),"variant":"(on|off)","reason":"SPLIT"/),
      '{"id":"i","reason":"DEFAULT","ruleId":"","enabled":true}',
      '',
    ]);
    expect(code).toBe(1);
  });

  test('of a flagd file answers as a flagd server does', async () => {
    const flagd = file('flagd.json', FLAGD);
    const { code, stderr, answers } = await batch(
      ['--file', flagd, '--format', 'flagd'],
      [
        ask(1, 'headerColor', { targetingKey: 'jon@company.com', email: 'ann@example.com' }),
        ask(2, 'headerColor', { targetingKey: 'jon@company.com', plan: 'pro' }),
        ask(3, 'headerColor', { targetingKey: 'jon@company.com' }),
        ask(4, 'headerColor', { plan: 'pro' }),
        ask(5, 'plain', {}, { default: false }),
        ask(6, 'disabled', {}, { default: 'theirs' }),
        ask(7, 'codeDefault'),
        ask(8, 'missing', {}, { default: 0 }),
        ask(9, 'unreadable'),
      ],
    );
    expect(code).toBe(0);
    const column = (text: string): number => JSON.stringify(FLAGD).indexOf(text) + 1;
    expect(stderr).toBe(
      `note: ${flagd}:1:${column('"nobody"')}: flags.missing.targeting.$ref names "nobody", which "$evaluators" has not: the rule fails where it is evaluated\nrefused: ${flagd}:1:${column('["on"]')}: flag unreadable: flags.unreadable.variants: "variants" must be an object, not a list; flagd cannot decode it.\n`,
    );
    const rule = { ruleId: 'targeting', enabled: true };
    const [first] = answers;
    expect(answers).toEqual([
      { id: 1, value: first?.value, variant: first?.variant, reason: 'TARGETING_MATCH', ...rule },
      { id: 2, value: first?.value, variant: first?.variant, reason: 'TARGETING_MATCH', ...rule },
      { id: 3, value: '#888', variant: 'grey', reason: 'DEFAULT', ruleId: '', enabled: true },
      { id: 4, value: '#888', variant: 'grey', reason: 'DEFAULT', ruleId: '', enabled: true },
      { id: 5, value: true, variant: 'on', reason: 'STATIC', ruleId: '', enabled: true },
      { id: 6, value: 'theirs', reason: 'DISABLED', ruleId: '', enabled: false },
      { id: 7, reason: 'DEFAULT', ruleId: '', enabled: true },
      {
        id: 8,
        value: 0,
        reason: 'ERROR',
        ruleId: expect.any(String),
        enabled: expect.any(Boolean),
        error: { code: 'PARSE_ERROR', reason: expect.any(String) },
      },
      {
        id: 9,
        reason: 'ERROR',
        ruleId: '',
        enabled: false,
        error: { code: 'PARSE_ERROR', reason: expect.stringMatching(/^refused: /) },
      },
    ]);
  });

  test('ends quietly when its reader has seen enough', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => ask(i, 'plain'));
    const questions = file('many.jsonl', `${lines.join('\n')}\n`);
    const words = [
      'eval',
      '--batch',
      '--file',
      file('flagd.json', { flags: { plain: FLAGD.flags.plain } }),
      '--format',
      'flagd',
    ];
    const { stdout, stderr } = await shell(words, `< '${questions}' | head -n 2; echo "\${PIPESTATUS[0]}"`);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      '{"id":0,"value":true,"variant":"on","reason":"STATIC","ruleId":"","enabled":true}',
      '{"id":1,"value":true,"variant":"on","reason":"STATIC","ruleId":"","enabled":true}',
      '0',
      '',
    ]);
  });
});

test('a file that cannot be used is said before anything is answered', async () => {
  const rejected = { flags: { a: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'off' } } };
  const own = file('own.yaml', OWN);
  const cases: [readonly string[], number, RegExp][] = [
    [['--file', path.join(folder, 'nowhere')], 2, /cannot be read/],
    [['--file', own], 2, /several environments\n.*production, staging/],
    [['--file', own, '-e', 'live'], 2, /has no environment live/],
    [['--file', own, '-e', 'staging', '-p', 'other'], 2, /is of the project shop, not other/],
    [['--file', file('broken.yaml', 'flags: 1')], 7, /INVALID_DOCUMENT/],
    [
      ['--file', file('rejected.json', rejected), '--format', 'flagd'],
      7,
      /"off" is not a variant of the flag "a"/,
    ],
    [['--file', '-'], 2, /reads its lines from stdin/],
    [['--file', own, '-c', '{}'], 2, /each line has its own context/],
    [[], 2, /--batch needs --file/],
  ];
  const finished = await Promise.all(cases.map(([words]) => runCommand(['eval', '--batch', ...words])));
  for (const [i, { code, stdout, stderr }] of finished.entries()) {
    expect({ code, stdout }).toEqual({ code: cases[i]?.[1], stdout: '' });
    expect(stderr).toMatch(cases[i]?.[2] ?? /./);
  }
});

test('one flag, or all, are answered and explained without a server', async () => {
  const own = ['--file', file('own.yaml', OWN), '-e', 'production', '--now', '2026-11-01T00:00:00Z'];
  const dutch = ['-c', '{"country":"NL"}'];
  const [one, all, explained, unknown, refused, unexplained] = await Promise.all([
    runCommand(['eval', 'checkout', ...own, ...dutch, '-o', 'json']),
    runCommand(['eval', '--all', ...own, ...dutch]),
    runCommand(['eval', 'checkout', ...own, ...dutch, '--explain']),
    runCommand(['eval', 'chekcout', ...own]),
    runCommand(['eval', 'broken', ...own]),
    runCommand(['eval', 'broken', ...own, '--explain']),
  ]);
  expect(JSON.parse(one.stdout)).toEqual({
    value: true,
    variant: 'on',
    reason: 'REASON_TARGETING_MATCH',
    ruleId: 'dutch',
    kind: 'FLAG_KIND_BOOLEAN',
    enabled: true,
  });
  expect(all.stdout.split('\n').map((line) => line.split('\t').slice(0, 2))).toEqual([
    ['broken', "(the caller's default)"],
    ['checkout', 'true'],
    ['empty', "(the caller's default)"],
    ['null', 'null'],
    [''],
  ]);
  expect(explained.stdout).toMatch(/✓ condition .*country in.*\n[\s\S]*checkout = true \(variant on\)/);
  expect([one.code, all.code, explained.code]).toEqual([0, 0, 0]);
  expect(unknown).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('(did you mean checkout?)'),
  });
  expect(refused).toMatchObject({
    code: 7,
    stderr: expect.stringMatching(
      /^error: .*own\.yaml:23:69: flag "broken": refused: fallthrough\.variant: .*\n.*INVALID_DOCUMENT/,
    ),
  });
  expect(unexplained).toEqual(refused);
});

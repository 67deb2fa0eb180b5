import { PassThrough, Readable, Writable } from 'node:stream';
import type { Evaluation } from '@flagstream/engine';
import { describe, expect, it } from 'vitest';
import { Terminal } from '../terminal.ts';
import { LINE_BYTES_MAX } from './batch-request.ts';
import { runBatch } from './run-batch.ts';

const answered = (flagKey: string, more: Partial<Evaluation> = {}): Evaluation => ({
  flagKey,
  value: undefined,
  variant: undefined,
  reason: 'DEFAULT',
  ruleId: '',
  kind: undefined,
  enabled: true,
  ...more,
});

function terminalOf(stdin: Readable, stdout: Writable): Terminal {
  return new Terminal({ stdin, stdout, stderr: new PassThrough(), env: {} });
}

async function batch(
  input: Iterable<string | Uint8Array>,
  evaluate: (flag: string, nowMs: number | undefined) => Evaluation,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  let text = '';
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const stdin = Readable.from(input);
  const code = await runBatch(terminalOf(stdin, stdout), (flag, _context, nowMs) => evaluate(flag, nowMs));
  return { code, lines: text.split('\n').slice(0, -1) };
}

const ask = (id: number, flag: string, more = ''): string =>
  `{"id":${id},"flag":"${flag}","context":{}${more}}\n`;

describe('runBatch', () => {
  it('answers with members in their order, absent where there is nothing', async () => {
    const answers: Readonly<Record<string, Evaluation>> = {
      on: answered('on', { value: true, variant: 'on', reason: 'TARGETING_MATCH', ruleId: 'r' }),
      nil: answered('nil', { value: null, variant: 'nil', reason: 'STATIC' }),
      none: answered('none'),
      bad: answered('bad', { reason: 'ERROR', enabled: false, errorCode: 'GENERAL', errorMessage: 'Why.' }),
    };
    const input = [
      ask(1, 'on', ',"default":1'),
      ask(2, 'nil', ',"default":1'),
      ask(3, 'none'),
      ask(4, 'none', ',"default":{"a":[null]}'),
      ask(5, 'bad', ',"default":null'),
    ];
    const { code, lines } = await batch(input, (flag) => answers[flag] ?? answered(flag));
    expect(code).toBe(0);
    expect(lines).toEqual([
      '{"id":1,"value":true,"variant":"on","reason":"TARGETING_MATCH","ruleId":"r","enabled":true}',
      '{"id":2,"value":null,"variant":"nil","reason":"STATIC","ruleId":"","enabled":true}',
      '{"id":3,"reason":"DEFAULT","ruleId":"","enabled":true}',
      '{"id":4,"value":{"a":[null]},"reason":"DEFAULT","ruleId":"","enabled":true}',
      '{"id":5,"value":null,"reason":"ERROR","ruleId":"","enabled":false,"error":{"code":"GENERAL","reason":"Why."}}',
    ]);
  });

  it('goes on after lines that it cannot answer, and ends with 1', async () => {
    const input = [
      'nonsense\n\n',
      `"${'x'.repeat(LINE_BYTES_MAX)}"\n`,
      ask(3, 'f', ',"now":"1970-01-01T00:00:02Z"').trimEnd(),
    ];
    const asked: unknown[] = [];
    const { code, lines } = await batch(input, (flag, nowMs) => {
      asked.push([flag, nowMs]);
      return answered(flag);
    });
    expect(code).toBe(1);
    expect(asked).toEqual([['f', 2_000]]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        id: null,
        error: { code: 'INVALID_ARGUMENT', reason: expect.stringMatching(/^The line is not JSON/) },
      },
      {
        id: null,
        error: { code: 'INVALID_ARGUMENT', reason: expect.stringMatching(/^The line is not JSON/) },
      },
      { id: null, error: { code: 'INVALID_ARGUMENT', reason: expect.stringMatching(/longer than/) } },
      { id: 3, reason: 'DEFAULT', ruleId: '', enabled: true },
    ]);
  });

  it('answers a line before it asks for the next one', async () => {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const done = runBatch(terminalOf(stdin, stdout), (flag) => answered(flag));
    for (const id of [1, 2, 3]) {
      stdin.write(ask(id, 'f'));
      const [line] = (await new Promise<Buffer>((resolve) => stdout.once('data', resolve)))
        .toString()
        .split('\n');
      expect(JSON.parse(line ?? '')).toMatchObject({ id });
    }
    stdin.end();
    expect(await done).toBe(0);
  });

  it('reads no further while nobody takes the answers', async () => {
    const chunks = 200;
    let read = 0;
    const stdin = Readable.from(
      (function* () {
        for (; read < chunks; read++) yield ask(read, 'f').repeat(100);
      })(),
    );
    const held: (() => void)[] = [];
    const stdout = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void held.push(done),
    });
    const done = runBatch(terminalOf(stdin, stdout), (flag) => answered(flag));
    while (held.length === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(read).toBeLessThan(chunks / 10);
    let finished = false;
    const end = done.then((code) => {
      finished = true;
      return code;
    });
    while (!finished) {
      held.shift()?.();
      await new Promise(setImmediate);
    }
    expect([await end, read]).toEqual([0, chunks]);
  });
});

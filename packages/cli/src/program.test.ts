import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from './all-commands.ts';
import { memoryTerminal } from './memory-terminal.fixture.ts';
import { runProgram } from './program.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...words: string[]): Promise<Run> {
  const { session, stdout, stderr } = memoryTerminal();
  const code = await runProgram(session, words);
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A command with all below it. */
const withBelow = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(withBelow)];

describe('flagstream', () => {
  it('takes what TLS needs on every command that names a server', () => {
    const connecting = withBelow(buildProgram(memoryTerminal().session, undefined)).filter(({ options }) =>
      options.some(({ long }) => long === '--server' || long === '--evaluator'),
    );
    expect(connecting.length).toBeGreaterThan(20);
    const trust = ['--tls', '--ca-file', '--cert-file', '--key-file'];
    const without = connecting.filter(
      ({ options }) => !trust.every((flag) => options.some(({ long }) => long === flag)),
    );
    expect(without.map((command) => command.name())).toEqual([]);
  });

  it('answers --help and --version on stdout with 0', async () => {
    expect(await run('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    const help = await run('flag', 'rollout', '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('$ flagstream flag rollout new-checkout 10% -e production');
  });

  it.each([
    [['flg'], "unknown command 'flg'\n(Did you mean flag?)"],
    [['flag', 'lst'], "unknown command 'lst'"],
    [['flag', 'list', '--outptu', 'json'], "unknown option '--outptu'\n(Did you mean --output?)"],
    [['flag', 'list', '-o', 'xml'], "argument 'xml' is invalid. Allowed choices are table, json."],
    [['flag', 'get'], "missing required argument 'key'"],
    [['flag', 'get', 'Bad Key'], "argument value 'Bad Key' is invalid"],
    [['flag', 'rollout', 'x', '120%'], '"120%" is not a percentage'],
    [['flag', 'list', '--server', 'nowhere'], '--server "nowhere" is not an address'],
    [['eval'], 'eval takes one flag, or --all'],
    [['eval', 'x', '-c', '{bad'], '-c is not JSON'],
    [['eval', 'x', '--at', 'yesterday'], 'Give a revision (42, e1.42), an instant'],
    [['eval', '--all', '--at', '42'], '--at is of one flag'],
    [
      ['eval', 'x', '--at', '42', '--min-rev', '42', '--allow-stale'],
      '--allow-stale is of answers as they are',
    ],
    [['eval', 'x', '--allow-stale'], '--allow-stale needs --min-rev'],
    [['eval', 'x', '--min-rev', 'newest'], 'Give a revision such as e1.42'],
    [['eval', 'x', '--file', 'flags.yaml', '--at', '42'], '--at asks a server'],
    [['blame', 'x', '--from', '2 fortnights ago'], 'or how long ago'],
    [['eval', 'x', '-c', '[1]'], '-c is not a JSON object'],
    [['diff'], 'diff compares one pair'],
    [['diff', '--rev', '3-5'], 'Write FROM..TO'],
    [['watch', 'flags', '--since', '3'], '--since is of changes'],
    [['revert', 'x'], 'A revision is a whole number'],
    [['log', 'reseed'], 'reseed needs --take-over'],
    [['log', 'reseed', '--take-over'], 'reseed needs a comment'],
    [['log', 'reseed', '--take-over', '-m', 'x'], 'nobody can be asked whether to give up'],
    [['log', 'verify', 'a.db', '--data', 'b'], 'verify takes one log'],
    [['backup', 'restore', 'a.db', '--replace'], 'nobody can be asked whether to replace the log'],
    [['plan'], "required option '-f, --file <path>' not specified"],
    [['plan', '-f', 'no-such-file.yaml'], 'no-such-file.yaml cannot be read'],
    [['dev', '--port-base', '70000'], 'Give a port from 1 to 65529'],
    [['demo', '--clients', '0'], 'Give a whole number from 1 to 1000.'],
    [['demo', '--flips', '2.5'], 'Give a whole number from 1 to 100.'],
    [[], 'Usage: flagstream'],
  ])('refuses %j with 2', async (words, message) => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('describes every command and every flag', () => {
    const undescribed: string[] = [];
    const visit = (command: Command): void => {
      if (command.description() === '') undescribed.push(command.name());
      for (const option of command.options) if (option.description === '') undescribed.push(option.flags);
      command.commands.forEach(visit);
    };
    visit(buildProgram(memoryTerminal().session, undefined));
    expect(undescribed).toEqual([]);
  });

  it('says who did not answer, and ends with 6', async () => {
    const { code, stderr } = await run('flag', 'list', '--server', 'localhost:1', '--timeout', '5');
    expect(code).toBe(6);
    expect(stderr).toMatch(
      /^error: the control plane at localhost:1 cannot be reached: .*\n {2}code {3}UNAVAILABLE UNREACHABLE\n/,
    );
    expect(stderr).toContain('name another with --server HOST:PORT');
  });
});

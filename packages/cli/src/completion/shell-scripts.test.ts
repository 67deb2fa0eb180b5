import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../all-commands.ts';
import { memoryTerminal } from '../memory-terminal.fixture.ts';
import { commandWords } from './command-words.ts';
import { completionScript, SHELLS } from './shell-scripts.ts';

const tree = commandWords(buildProgram(memoryTerminal().session, undefined));

/** What bash offers for a command line whose last word is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completionScript('bash', tree)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _flagstream; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('completion', () => {
  it('offers commands, flags and choices where they stand', () => {
    expect(offered('flagstream', 'fl')).toEqual(['flag']);
    expect(offered('flagstream', 'flag', '')).toEqual(expect.arrayContaining(['list', 'rollout', 'archive']));
    expect(offered('flagstream', 'flag', 'rollout', 'key', '10%', '--v')).toEqual(['--variant']);
    expect(offered('flagstream', 'env', 'create', '--pro').toSorted()).toEqual(['--project', '--protected']);
    expect(offered('flagstream', 'flag', 'list', '-o', '')).toEqual(['table', 'json']);
    expect(offered('flagstream', 'export', '-o', '')).toEqual(['yaml', 'json']);
    expect(offered('flagstream', 'watch', 'c')).toEqual(['changes']);
  });

  it.each(SHELLS)('names every command for %s', (shell) => {
    const script = completionScript(shell, tree);
    for (const { path } of tree) expect(script).toContain(path);
  });
});

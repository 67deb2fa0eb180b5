// The commands of a Markdown file: its fenced `sh` blocks, each line that is no comment a command. A word
// after `sh` says what a block needs beyond a running `make run`, and so who runs it.

import { readFileSync } from 'node:fs';

/** Needs that keep a block out of `make test`; everything else must run there. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  docker: 'a Docker engine: not run here',
  toolchain: 'a toolchain of another language: make interop takes the same steps',
  fresh: 'a machine to itself: run by make fresh',
};

export interface CommandBlock {
  /** The word after `sh`, or "". */
  readonly need: string;
  readonly line: number;
  readonly commands: readonly string[];
}

export function readCommandBlocks(file: string): readonly CommandBlock[] {
  const blocks: { need: string; line: number; commands: string[] }[] = [];
  let open: { need: string; line: number; commands: string[] } | undefined;
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const fence = /^```(\S*) ?(.*)$/.exec(text);
    if (fence !== null) {
      if (open !== undefined) open = undefined;
      else if (fence[1] === 'sh') {
        open = { need: fence[2] ?? '', line: index + 1, commands: [] };
        blocks.push(open);
      } else if (fence[1] !== '') open = { need: '', line: index + 1, commands: [] };
      continue;
    }
    if (open === undefined || text.trim() === '' || text.startsWith('#')) continue;
    const last = open.commands.at(-1);
    if (last?.endsWith('\\')) open.commands[open.commands.length - 1] = `${last.slice(0, -1)}${text.trim()}`;
    else open.commands.push(text.replace(/\s+# .*$/, ''));
  }
  return blocks;
}

// deploy/Dockerfile as instructions by stage.

import { readTracked } from '../repository/tracked-files.ts';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export function readStages(): readonly Stage[] {
  const lines = readTracked('deploy/Dockerfile')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const from = /^(\S+) AS (\S+)$/.exec(text);
    if (name === 'FROM') stages.push({ name: from?.[2] ?? '', from: from?.[1] ?? text, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text });
  }
  return stages;
}

/** A stage's instructions with those of the stages that it builds on, the oldest first. */
export function inheritedInstructions(stages: readonly Stage[], name: string): readonly Instruction[] {
  const stage = stages.find((candidate) => candidate.name === name);
  if (stage === undefined) return [];
  return [...inheritedInstructions(stages, stage.from), ...stage.instructions];
}

/** ["a", "b"] of the last such instruction. */
export function lastWords(instructions: readonly Instruction[], name: string): readonly string[] {
  const last = instructions.findLast((instruction) => instruction.name === name);
  const json = /\[.*\]$/.exec(last?.text ?? '')?.[0];
  if (json === undefined) throw new Error(`no ${name} in exec form`);
  return JSON.parse(json) as string[];
}

export function environmentOf(instructions: readonly Instruction[]): Readonly<Record<string, string>> {
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ text }) => [...text.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]));
  return Object.fromEntries(pairs);
}

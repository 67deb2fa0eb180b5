// The engine alone: evaluations of every form, compiling, edits, and other systems' SDKs beside ours.

import { BenchChild } from '../bench-child.ts';
import { type CaseFigures, measureCases } from '../measure-cases.ts';
import { measurePeers } from '../peers/peer-tables.ts';
import type { Row, SuiteReport } from '../report.ts';
import { spread } from '../statistics.ts';
import { type AimFigures, aimsTable } from './aims.ts';
import type { CompileCosts, EditCosts } from './compile-costs.ts';
import type { CompileQuestion } from './compile-host.ts';
import {
  EVALUATION_CASES,
  MANY_FLAGS_CASE,
  MANY_FLAGS_COUNT,
  RULE_AND_SPLIT_CASE,
} from './evaluation-cases.ts';
import { CONTEXTS_COUNT } from './flag-sets.ts';

const ROUNDS = 9;
const COMPILED_COUNTS = [1_000, MANY_FLAGS_COUNT] as const;

export async function runEngineSuite(): Promise<readonly SuiteReport[]> {
  const names = Object.keys(EVALUATION_CASES);
  const figures = await measureCases(
    names.map((name) => ({ program: 'engine-host', words: [], name })),
    ROUNDS,
  );
  const compiles: CompileCosts[] = [];
  for (const flags of COMPILED_COUNTS) compiles.push(await askOnce<CompileCosts>({ ask: 'compile', flags }));
  const edit = await askOnce<EditCosts>({ ask: 'edit', flags: MANY_FLAGS_COUNT });
  const peers = await measurePeers(ROUNDS);
  const aimed: AimFigures = {
    ruleAndSplit: figures[names.indexOf(RULE_AND_SPLIT_CASE)]!,
    manyFlags: figures[names.indexOf(MANY_FLAGS_CASE)]!,
    compile: compiles.at(-1)!,
    edit,
    peers,
  };
  return [
    evaluationTable(names, figures),
    compileTable(compiles),
    editTable(edit),
    ...peers.tables,
    aimsTable(aimed),
  ];
}

async function askOnce<Answer>(question: CompileQuestion): Promise<Answer> {
  const child = new BenchChild('compile-host', [question.ask], ['--expose-gc']);
  try {
    return await child.ask<Answer>(question);
  } finally {
    await child.close();
  }
}

function evaluationTable(names: readonly string[], figures: readonly CaseFigures[]): SuiteReport {
  return {
    name: 'engine',
    title: 'Evaluations in process, one thread',
    notes: [
      `CPU time per evaluation with its whole result, over ${ROUNDS} interleaved rounds in one process that holds all of these flags; ${CONTEXTS_COUNT} subjects with five attributes, one after the other.`,
      'Every answer of every round is counted against what the flags say.',
      'Bytes: growth of the heap over at least half a million evaluations or 12 MiB without a collection, less that of the empty loop; median of 5.',
    ],
    columns: [
      { key: 'name', title: 'flag' },
      { key: 'medianNs', title: 'ns CPU, median' },
      { key: 'p25Ns', title: 'p25' },
      { key: 'minNs', title: 'min' },
      { key: 'millionPerSecond', title: 'million/s, median', digits: 2 },
      { key: 'bytes', title: 'bytes allocated' },
    ],
    rows: names.map((name, index) => ({ name, ...evaluationRow(figures[index]!) })),
  };
}

function evaluationRow(figures: CaseFigures): Row {
  if ('notRun' in figures) return { medianNs: `not run: ${figures.notRun}` };
  const cpu = spread(figures.cpuNs);
  return {
    medianNs: cpu.median,
    p25Ns: cpu.p25,
    minNs: cpu.min,
    millionPerSecond: spread(figures.perSecond).median / 1e6,
    bytes: figures.bytes,
  };
}

function compileTable(compiles: readonly CompileCosts[]): SuiteReport {
  return {
    name: 'compile',
    title: 'Compiling a set',
    notes: [
      'Flags with three rules each, as they come off the wire: no two share an object.',
      'Memory: what the heap holds more, after collections, once the definitions are let go.',
    ],
    columns: [
      { key: 'flags', title: 'flags' },
      { key: 'firstMs', title: 'ms CPU, first set of the process', digits: 1 },
      { key: 'laterMs', title: 'later sets, median', digits: 1 },
      { key: 'bytesPerFlag', title: 'bytes per compiled flag' },
    ],
    rows: compiles.map((costs) => ({ ...costs })),
  };
}

function editTable(edit: EditCosts): SuiteReport {
  return {
    name: 'edit',
    title: `One edit among ${edit.flags.toLocaleString('en-US')} flags`,
    notes: [
      'One flag is recompiled and the next set made of the last one; the flag is then evaluated by it. Every edit is of another flag.',
    ],
    columns: [
      { key: 'edits', title: 'edits' },
      { key: 'medianMs', title: 'ms of the clock, median', digits: 3 },
      { key: 'p99Ms', title: 'p99', digits: 3 },
      { key: 'meanCpuMs', title: 'ms CPU, mean', digits: 3 },
    ],
    rows: [{ ...edit }],
  };
}

// What compiling costs: time and memory of whole sets, and time of one edit after the other. Runs in a process
// of its own with --expose-gc (compile-host.ts): memory is what the heap holds more once everything else is gone.

import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { type CompiledSet, compileSet, type FlagUnit, updateSet } from '@flagstream/engine';
import { percentile } from '../statistics.ts';
import { CONTEXTS, editedFlag, manyFlags } from './flag-sets.ts';

const COMPILE_ROUNDS = 9;
const EDIT_WARM_UP = 1_500;
const EDITS = 3_000;
const NOW_MS = 1_700_000_000_000;

export interface CompileCosts {
  readonly flags: number;
  /** CPU milliseconds of the first set that the process compiles. */
  readonly firstMs: number;
  /** CPU milliseconds, median of the later ones. */
  readonly laterMs: number;
  /** Heap and external bytes per flag that a set holds on to once its definitions are let go. */
  readonly bytesPerFlag: number;
}

export interface EditCosts {
  readonly flags: number;
  readonly edits: number;
  /** Milliseconds of the clock. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** CPU milliseconds per edit, the garbage collector's threads included. */
  readonly meanCpuMs: number;
}

export async function compileCosts(flags: number): Promise<CompileCosts> {
  const cpuMs: number[] = [];
  for (let round = 0; round < COMPILE_ROUNDS; round++) {
    const units = decodedFlags(flags);
    const start = process.cpuUsage();
    const set = compiledWithoutProblems(units);
    const { user, system } = process.cpuUsage(start);
    cpuMs.push((user + system) / 1e3);
    if (set.size !== flags) throw new Error(`${set.size} of ${flags} flags were compiled`);
  }
  const [firstMs, ...later] = cpuMs as [number, ...number[]];
  return { flags, firstMs, laterMs: percentile(later, 0.5), bytesPerFlag: (await heldBytes(flags)) / flags };
}

/** Edits one flag of many after the other, each on the set that the last edit made. */
export function editCosts(flags: number): EditCosts {
  let set = compiledWithoutProblems(decodedFlags(flags));
  const wallMs: number[] = [];
  let start = process.cpuUsage();
  for (let edit = 0; edit < EDIT_WARM_UP + EDITS; edit++) {
    if (edit === EDIT_WARM_UP) start = process.cpuUsage();
    // 7,919 is prime: every flag is reached, neighbours long after each other.
    const unit = editedFlag((edit * 7_919) % flags, edit);
    const startMs = performance.now();
    const { set: next, problems } = updateSet(set, { flags: new Map([[unit.key, unit]]) });
    const endMs = performance.now();
    if (edit >= EDIT_WARM_UP) wallMs.push(endMs - startMs);
    if (problems.length > 0 || next.size !== flags) throw new Error(`edit ${edit} was not applied`);
    const { variant } = next.evaluate(unit.key, CONTEXTS[0]!, NOW_MS);
    if (variant !== unit.config?.fallthrough?.variant)
      throw new Error(`edit ${edit} is not what is answered: ${variant}`);
    set = next;
  }
  const { user, system } = process.cpuUsage(start);
  return {
    flags,
    edits: EDITS,
    medianMs: percentile(wallMs, 0.5),
    p99Ms: percentile(wallMs, 0.99),
    meanCpuMs: (user + system) / 1e3 / EDITS,
  };
}

async function heldBytes(flags: number): Promise<number> {
  // What the first evaluation and the first collection make once is not the set's.
  evaluateSome(compiledFrom(10));
  const before = await settledBytes();
  const set = compiledFrom(flags);
  const held = (await settledBytes()) - before;
  evaluateSome(set);
  return held;
}

/** A function of its own, whose frame ends with the definitions. */
function compiledFrom(flags: number): CompiledSet {
  return compiledWithoutProblems(decodedFlags(flags));
}

function evaluateSome(set: CompiledSet): void {
  const { reason, errorCode } = set.evaluate('flag-0', CONTEXTS[0]!, NOW_MS);
  if (errorCode !== undefined) throw new Error(`flag-0 answers ${reason}, ${errorCode}`);
}

/** After a turn of the event loop: a frame that has not ended keeps what it once held alive. */
async function settledBytes(): Promise<number> {
  await setImmediate();
  if (globalThis.gc === undefined) throw new Error('memory is measured with --expose-gc alone');
  for (let round = 0; round < 4; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** As they come off the wire: no two flags share an object. */
function decodedFlags(count: number): FlagUnit[] {
  return manyFlags(count).map((unit) => JSON.parse(JSON.stringify(unit)) as FlagUnit);
}

function compiledWithoutProblems(units: readonly FlagUnit[]): CompiledSet {
  const { set, problems } = compileSet(units, []);
  if (problems.length > 0) throw new Error(`the flags do not compile: ${JSON.stringify(problems[0])}`);
  return set;
}

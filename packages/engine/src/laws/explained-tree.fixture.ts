/**
 * Judges an explanation by the definitions: reads its steps as a tree, finds
 * the place that each step names, and works out again what the step says from
 * its details.
 */
import { expect } from 'vitest';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import type { Evaluation, ExplanationStep } from '../evaluation.ts';
import type {
  GateDefinition,
  GateMatchDefinition,
  JsonObject,
  PrerequisiteDefinition,
  RangeDefinition,
  SplitDefinition,
} from '../model.ts';
import type { CompiledSet } from '../set/compiled-set.ts';
import { endOf } from './tame-parts.fixture.ts';

export interface Node {
  readonly step: ExplanationStep;
  readonly details: readonly Node[];
}

/** Steps to trees. Steps must nest: each is at most one deeper than the one before it. */
export function treeOf(steps: readonly ExplanationStep[]): readonly Node[] {
  const roots: Node[] = [];
  const open: { step: ExplanationStep; details: Node[] }[] = [];
  for (const step of steps) {
    expect(step.depth).toBeLessThanOrEqual(open.length);
    open.length = step.depth;
    const node = { step, details: [] };
    (open.at(-1)?.details ?? roots).push(node);
    open.push(node);
  }
  return roots;
}

/** What the steps of an explanation are judged by. */
export interface Judge {
  readonly set: CompiledSet;
  readonly flags: ReadonlyMap<string, FlagUnit>;
  readonly segments: ReadonlyMap<string, SegmentUnit>;
  readonly context: JsonObject;
  readonly nowMs: number;
  /** Kinds of steps seen, so that a test can tell that it saw them all. */
  readonly seen: Map<string, number>;
}

const UNFINISHED = /^Left before its end/;
const STAGES = ['prerequisites', 'holdouts', 'targets', 'rules', 'fallthrough'];

/** The member of a definition at a proto JSON path. */
function memberAt(definition: unknown, path: string): unknown {
  const names = path === '' ? [] : path.split(/[.[\]]+/).filter((name) => name !== '');
  return names.reduce<unknown>(
    (value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name],
    definition,
  );
}

export function judgeFlag(node: Node, key: string, judge: Judge): void {
  const answer = judge.set.evaluate(key, judge.context, judge.nowMs);
  const { step, details } = node;
  expect(step).toMatchObject({ kind: 'flag', path: '', matched: answer.reason !== 'ERROR' });
  expect(step.actual).toEqual(answer.value);
  judgeStages(details, answer, judge.flags.get(key)!);
  for (const detail of details) judgeStep(detail, judge.flags.get(key)!.config!, answer, judge);
}

/** Stages follow each other; what decided is the last one, and the only rule that matched. */
function judgeStages(stages: readonly Node[], answer: Evaluation, { config }: FlagUnit): void {
  const places = stages.map(({ step }) => {
    const [, name, index] = /^(\w+)(?:\[(\d+)\])?/.exec(step.path)!;
    return STAGES.indexOf(name!) * 1_000 + Number(index ?? 0);
  });
  expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
  const rules = stages.filter(({ step }) => step.kind === 'rule');
  const deciding = rules.filter(({ step }) => step.matched);
  expect(deciding).toHaveLength(answer.ruleId === '' ? 0 : 1);
  for (const { step } of deciding) {
    expect(step).toBe(stages.at(-1)!.step);
    expect(memberAt(config, `${step.path}.id`)).toBe(answer.ruleId);
  }
  const listed = stages.filter(({ step }) => step.kind === 'target' && step.matched);
  for (const { step } of listed) {
    expect(step).toBe(stages.at(-1)!.step);
    expect(memberAt(config, `${step.path}.variant`)).toBe(answer.variant);
  }
}

function judgeStep(node: Node, entity: unknown, answer: Evaluation, judge: Judge): void {
  const { step, details } = node;
  judge.seen.set(step.kind, (judge.seen.get(step.kind) ?? 0) + 1);
  const member = memberAt(entity, step.path);
  const below = (inner: unknown): void => {
    for (const detail of details) judgeStep(detail, inner, answer, judge);
  };
  if (UNFINISHED.test(step.message)) {
    expect(step.matched).toBe(false);
    expect(answer.reason).toBe('ERROR');
    if (step.kind !== 'prerequisite' && step.kind !== 'segment') below(entity);
    return;
  }
  switch (step.kind) {
    case 'prerequisite':
      judgePrerequisite(node, member as PrerequisiteDefinition, entity, answer, judge);
      return;
    case 'segment':
      judgeSegment(node, judge.segments.get(member as string));
      below(judge.segments.get(member as string)?.segment);
      return;
    case 'gate':
      judgeGate(step, entity, member);
      return;
    case 'split':
      if (step.path.endsWith('.fractional')) judgeFractional(step);
      else judgeSplit(step, member as SplitDefinition, answer);
      break;
    case 'condition':
      judgeCondition(node, member);
      break;
    case 'serve':
      expect(member).toBeDefined();
      break;
    case 'target':
      expect(member).toBeDefined();
      if (step.matched) expect(memberAt(member, 'values')).toContain(step.actual);
      break;
    case 'rule':
      expect(member).toBeDefined();
      break;
    case 'flag':
      throw new Error('A flag stands at the root or below a prerequisite.');
  }
  below(entity);
}

function judgePrerequisite(
  { step, details }: Node,
  wanted: PrerequisiteDefinition,
  entity: unknown,
  answer: Evaluation,
  judge: Judge,
): void {
  const parent = wanted.flag!;
  const [flag, value] = details;
  if (flag === undefined) {
    expect(judge.set.has(parent)).toBe(false);
    expect(step.matched).toBe(false);
    return;
  }
  judgeFlag(flag, parent, judge);
  if (value !== undefined) judgeStep(value, entity, answer, judge);
  const given = judge.set.evaluate(parent, judge.context, judge.nowMs);
  const { state = 'PREREQUISITE_STATE_ON', variants = [] } = wanted;
  const accepted =
    given.reason !== 'ERROR' &&
    (state === 'PREREQUISITE_STATE_ANY' || given.enabled === (state === 'PREREQUISITE_STATE_ON')) &&
    (variants.length === 0 || variants.includes(given.variant!));
  expect(value !== undefined).toBe(accepted && wanted.value !== undefined);
  expect(step.matched).toBe(accepted && (value?.step.matched ?? true));
  expect(step.actual).toBe(given.variant);
}

/** The unit is undefined where the segment is not there. */
function judgeSegment({ step, details }: Node, unit: SegmentUnit | undefined): void {
  const [only, ...more] = details;
  expect(more).toEqual([]);
  expect(step.matched).toBe(only?.step.matched ?? false);
  if (only === undefined || unit === undefined) expect(unit?.segment.condition).toBeUndefined();
  else if (only.step.path === 'included' || only.step.path === 'excluded') {
    const extra = only.step.path === 'included' ? unit.extraIncluded : unit.extraExcluded;
    expect([unit.segment[only.step.path] ?? [], ...(extra ?? [])].flat()).toContain(only.step.actual);
    expect(only.step.matched).toBe(only.step.path === 'included');
  }
}

function judgeCondition({ step, details }: Node, member: unknown): void {
  const outcomes = details.map((detail) => detail.step.matched);
  const segment = step.path.split('.').at(-1)!;
  if (segment === 'not') expect(step.matched).toBe(!outcomes[0]);
  else if (segment === 'all' || segment === 'any') {
    const all = segment === 'all';
    const given = (member as { conditions: readonly unknown[] }).conditions;
    const undecided = outcomes.every((outcome) => outcome === all);
    expect(step.matched).toBe(undecided === all);
    expect(outcomes.length).toBe(
      undecided ? given.length : outcomes.findIndex((outcome) => outcome !== all) + 1,
    );
  } else if (segment !== 'included' && segment !== 'excluded') expect(member).toBeDefined();
}

/** A match holds exactly the numbers in its ranges; what a split says of its own gate is no more than needed. */
function judgeGate(step: ExplanationStep, entity: unknown, member: unknown): void {
  if (step.actual === undefined) {
    expect(step.matched && !/\.split\.gate$/.test(step.path)).toBe(false);
    return;
  }
  const number = step.actual as number;
  const shown = step.expected as readonly (RangeDefinition & { readonly entry?: number })[];
  if (/split\.gate$/.test(step.path)) {
    const holds = shown.some(({ from, to }) => from === undefined || (number >= from && number < to!));
    const split = memberAt(entity, step.path.replace(/\.gate$/, '')) as SplitDefinition;
    const further = split.entries?.some((entry) => entry.also?.length) ?? false;
    if (step.matched || !further) expect(step.matched).toBe(holds);
    return;
  }
  // In a condition the step stands at the match's gate, in a list at the match.
  const match = member as GateMatchDefinition;
  const gate = match.gate ?? {};
  if (match.ramp === undefined)
    expect(step.matched).toBe(shown.some(({ from = 0, to = 0 }) => number >= from && number < to));
  const ranges = match.ramp === undefined ? (match.ranges ?? []) : shown;
  expect(step.matched).toBe(ranges.some((range) => holdsNumber(gate, range, number)));
}

/** The bound policies of a gate, as the contract words them. */
function holdsNumber(gate: GateDefinition, { from = 0, to = 0 }: RangeDefinition, number: number): boolean {
  if (number < from || (gate.zeroIsNobody === true && to === 0)) return false;
  const closed = gate.upperClosed === true || (gate.fullIsClosed === true && to === endOf(gate));
  return closed ? number <= to : number < to;
}

function judgeSplit(step: ExplanationStep, split: SplitDefinition, answer: Evaluation): void {
  const served = /^Entry (\d+) holds the subject and serves variant "(.*)"\.$/.exec(step.message);
  expect(step.matched).toBe(served !== null);
  if (served === null) return;
  expect(split.entries![Number(served[1])]!.variant).toBe(served[2]);
  expect(answer.variant).toBe(served[2]);
}

/** Bounds ascend, and the place lies before one of them exactly when something was found. */
function judgeFractional(step: ExplanationStep): void {
  const bounds = step.expected as readonly number[];
  expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  expect(step.actual).toBeGreaterThanOrEqual(0);
  if (step.matched) expect(step.actual).toBeLessThan(bounds.at(-1)!);
}

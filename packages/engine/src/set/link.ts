/**
 * Checks what entities refer to: that it exists and compiles, has the named
 * variants, forms no cycle, and is neither too deep nor too much work.
 *
 * Place on the path: after the changed entities compiled by themselves; runs
 * over those and everything that refers to them.
 */
import type { OwnCompile } from '../compile/flag.ts';
import type { Reference } from '../compile/scope.ts';
import { LIMITS } from '../limits.ts';
import type { Problem, ProblemCode } from '../problem.ts';
import type { CompiledFlag, CompiledSegment } from '../walk.ts';
import { type LinkOutcome, type LinkTarget, nodeId } from './set-state.ts';

type AnyTarget = LinkTarget<CompiledFlag> | LinkTarget<CompiledSegment>;

/** Where what a reference names is found, by its kind. */
export interface LinkTables {
  readonly flag: { target(key: string): LinkTarget<CompiledFlag> | undefined };
  readonly segment: { target(key: string): LinkTarget<CompiledSegment> | undefined };
}

/** An entity that is about to be linked. */
export interface LinkSubject {
  readonly id: string;
  readonly key: string;
  readonly own: OwnCompile<CompiledFlag> | OwnCompile<CompiledSegment>;
}

/** `component` holds the nodes that refer to each other in a cycle with this one, itself included. */
export function linkOutcome(
  subject: LinkSubject,
  component: ReadonlySet<string>,
  tables: LinkTables,
): LinkOutcome {
  const problems: Problem[] = [];
  let depth = 0;
  let { steps } = subject.own;
  const add = (reference: Reference, code: ProblemCode, message: string, variant?: number): void => {
    const path = pathOf(reference, variant);
    problems.push({ code, entity: reference.entity, key: subject.key, path, message });
  };
  for (const reference of subject.own.references) {
    const id = nodeId(reference.kind, reference.key);
    if (id === subject.id || (component.size > 1 && component.has(id))) {
      add(reference, cycleCode(component), cycleMessage(subject, id, component));
      continue;
    }
    const target = tables[reference.kind].target(reference.key);
    const wrong = checkTarget(reference, target);
    if (wrong !== undefined && !(reference.optional && target?.live === undefined))
      add(reference, wrong.code, wrong.message, wrong.variant);
    // What does not compile is not evaluated: it costs nothing.
    if (target?.live === undefined) continue;
    depth = Math.max(depth, target.depth + 1);
    steps += target.steps;
  }
  const first = subject.own.references[0];
  if (first !== undefined && depth > LIMITS.referenceDepth) {
    add(
      first,
      'LIMIT_EXCEEDED',
      `Flags and segments refer to each other ${depth} deep, at most ${LIMITS.referenceDepth} are allowed.`,
    );
  }
  // More than that by itself is reported where it was compiled.
  if (first !== undefined && steps > LIMITS.evaluationSteps && subject.own.steps <= LIMITS.evaluationSteps) {
    add(
      first,
      'LIMIT_EXCEEDED',
      `With all it refers to, an evaluation could take ${steps} steps, at most ${LIMITS.evaluationSteps} are allowed.`,
    );
  }
  // Capped so that sums over many references stay exact numbers.
  return { problems, depth, steps: Math.min(steps, LIMITS.evaluationSteps + 1) };
}

function checkTarget(
  reference: Reference,
  target: AnyTarget | undefined,
): { code: ProblemCode; message: string; variant?: number } | undefined {
  const code = reference.kind === 'flag' ? 'UNKNOWN_FLAG' : 'UNKNOWN_SEGMENT';
  const name = `${reference.kind} "${reference.key}"`;
  if (target === undefined) return { code, message: `There is no ${name}.` };
  if (target.live === undefined) return { code, message: `The ${name} does not compile.` };
  if (!('variants' in target.live)) return undefined;
  const { variants } = target.live;
  const variant = reference.variants.findIndex((key) => !variants.includes(key));
  if (variant < 0) return undefined;
  const unknown = reference.variants[variant];
  const names = variants.slice(0, 20).join(', ');
  return {
    code: 'UNKNOWN_VARIANT',
    message: `The ${name} has no variant "${unknown}"; it has ${names}.`,
    variant,
  };
}

/** A prerequisite names its flag and variants in fields of their own; a segment is named by the condition itself. */
function pathOf(reference: Reference, variant: number | undefined): string {
  if (reference.kind === 'segment') return reference.path;
  return variant === undefined ? `${reference.path}.flag` : `${reference.path}.variants[${variant}]`;
}

/** A cycle through any flag is one of prerequisites. */
function cycleCode(component: ReadonlySet<string>): ProblemCode {
  for (const id of component) if (id.startsWith(nodeId('flag', ''))) return 'PREREQUISITE_CYCLE';
  return 'SEGMENT_CYCLE';
}

function cycleMessage(subject: LinkSubject, target: string, component: ReadonlySet<string>): string {
  const others = [...component].filter((id) => id !== subject.id && id !== target).sort();
  const through = others.length === 0 ? '' : ` through ${others.slice(0, 10).join(', ')}`;
  return target === subject.id
    ? `${subject.id} refers to itself.`
    : `${subject.id} and ${target} depend on each other${through}.`;
}

/**
 * Individual targets, before all rules: the first target that lists the
 * subject serves its variant.
 *
 * Place on the path: the second stage of a flag. Neighbouring targets over the
 * same attribute share one lookup. Lists hold text, so attributes compare by
 * their native text.
 */
import type { AttributePath } from '../attribute-path.ts';
import type { Evaluation } from '../evaluation.ts';
import { nativeText } from '../hash/native-text.ts';
import { LIMITS } from '../limits.ts';
import type { TargetDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import { Stage, type Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import type { Scope } from './scope.ts';

/** Targets that compare the same attribute. */
class TargetGroup extends Stage {
  readonly attribute: AttributePath;
  /** Place of the first target among all targets of the flag. */
  readonly #first: number;
  readonly #answers: Evaluation[] = [];
  readonly #byText = new Map<string, Evaluation>();

  constructor(attribute: AttributePath, first: number) {
    super();
    this.attribute = attribute;
    this.#first = first;
  }

  /** The answer is this target's own object. */
  add(answer: Evaluation, values: readonly string[]): void {
    this.#answers.push(answer);
    for (const value of values) if (!this.#byText.has(value)) this.#byText.set(value, answer);
  }

  override answer(walk: Walk): Evaluation | undefined {
    const value = this.attribute.read(walk.context);
    const text = value === undefined ? undefined : nativeText(value);
    const answer = text === undefined ? undefined : this.#byText.get(text);
    if (walk.trace !== undefined) this.#explain(walk.trace, text, answer);
    return answer;
  }

  #explain(trace: Trace, text: string | undefined, answer: Evaluation | undefined): void {
    for (const [index, own] of this.#answers.entries()) {
      const matched = own === answer;
      const message = `${this.attribute.name} ${matched ? 'is' : 'is not'} listed for variant "${own.variant}".`;
      trace.at(`targets[${this.#first + index}]`);
      const step = trace.leaf('target', '', matched, message);
      if (text !== undefined) step.actual = text;
      if (matched) return;
    }
  }
}

export function compileTargets(
  targets: readonly TargetDefinition[],
  answers: Answers,
  scope: Scope,
): Stage[] {
  scope.problems.limit('targets', 'Targets', targets.length, LIMITS.targetsPerFlag);
  const groups: TargetGroup[] = [];
  targets.forEach((target, index) => {
    const path = `targets[${index}]`;
    const attribute = scope.attribute(target.attribute ?? '', `${path}.attribute`, target.contextKind);
    const values = checkedValues(target.values ?? [], `${path}.values`, scope);
    const answer = answers.named(
      target.variant,
      { reason: 'TARGETING_MATCH' },
      `${path}.variant`,
      scope.problems,
    );
    let group = groups.at(-1);
    if (group?.attribute !== attribute) {
      group = new TargetGroup(attribute, index);
      groups.push(group);
      scope.spend(1);
    }
    group.add(answer, values);
  });
  return groups;
}

function checkedValues(values: readonly string[], path: string, scope: Scope): readonly string[] {
  if (values.length === 0) scope.problems.add('MISSING_FIELD', path, 'At least one value is needed.');
  scope.problems.limit(path, 'Values', values.length, LIMITS.listItems);
  values.forEach((value, index) => {
    if (typeof value !== 'string') {
      scope.problems.add('BAD_OPERAND', `${path}[${index}]`, 'A value must be a string.');
    } else if (value.length > LIMITS.operandChars) {
      scope.problems.limit(`${path}[${index}]`, 'Characters of a value', value.length, LIMITS.operandChars);
    }
  });
  return values;
}

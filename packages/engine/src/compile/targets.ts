/**
 * Individual targets, before all rules: the first target that lists the
 * subject serves its variant.
 *
 * Place on the path: the second stage of a flag. Neighbouring targets over the
 * same attribute share one lookup. Lists hold text, so attributes compare by
 * their native text.
 */
import { type AttributeReader, compileAttribute } from '../attribute-path.ts';
import type { Evaluation } from '../evaluation.ts';
import { nativeText } from '../hash/native-text.ts';
import { LIMITS } from '../limits.ts';
import type { TargetDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import type { Stage } from '../walk.ts';
import type { Answers } from './answers.ts';
import type { Scope } from './scope.ts';

interface CompiledTarget {
  readonly path: string;
  readonly answer: Evaluation;
}

/** Targets that compare the same attribute. */
class TargetGroup {
  readonly attribute: string;
  readonly #read: AttributeReader;
  readonly #targets: CompiledTarget[] = [];
  readonly #byText = new Map<string, CompiledTarget>();

  constructor(attribute: string, read: AttributeReader) {
    this.attribute = attribute;
    this.#read = read;
  }

  add(target: CompiledTarget, values: readonly string[]): void {
    this.#targets.push(target);
    for (const value of values) if (!this.#byText.has(value)) this.#byText.set(value, target);
  }

  readonly stage: Stage = (walk) => {
    const value = this.#read(walk.context);
    const text = value === undefined ? undefined : nativeText(value);
    const found = text === undefined ? undefined : this.#byText.get(text);
    if (walk.trace !== undefined) this.#explain(walk.trace, text, found);
    return found?.answer;
  };

  #explain(trace: Trace, text: string | undefined, found: CompiledTarget | undefined): void {
    const attribute = this.attribute || 'targetingKey';
    for (const target of this.#targets) {
      const matched = target === found;
      const verb = matched ? 'is' : 'is not';
      const message = `${attribute} ${verb} listed for variant "${target.answer.variant}".`;
      const step = trace.leaf('target', target.path, matched, message);
      if (text !== undefined) step.actual = text;
      if (matched) return;
    }
  }
}

export function compileTargets(
  targets: readonly TargetDefinition[],
  path: string,
  answers: Answers,
  scope: Scope,
): Stage[] {
  scope.problems.limit(path, 'Targets', targets.length, LIMITS.targetsPerFlag);
  const groups: TargetGroup[] = [];
  targets.forEach((target, index) => {
    const targetPath = `${path}[${index}]`;
    const attribute = target.attribute ?? '';
    const values = target.values ?? [];
    if (values.length === 0) {
      scope.problems.add('MISSING_FIELD', `${targetPath}.values`, 'At least one value is needed.');
    }
    checkTexts(values, `${targetPath}.values`, scope);
    const answer = answers.variant(
      target.variant,
      'TARGETING_MATCH',
      '',
      `${targetPath}.variant`,
      scope.problems,
    );
    let group = groups.at(-1);
    if (group?.attribute !== attribute) {
      group = new TargetGroup(
        attribute,
        compileAttribute(attribute, `${targetPath}.attribute`, scope.problems),
      );
      groups.push(group);
      scope.spend(1);
    }
    group.add({ path: targetPath, answer }, values);
  });
  return groups.map((group) => group.stage);
}

function checkTexts(values: readonly string[], path: string, scope: Scope): void {
  scope.problems.limit(path, 'Values', values.length, LIMITS.listItems);
  values.forEach((value, index) => {
    if (typeof value !== 'string')
      scope.problems.add('BAD_OPERAND', `${path}[${index}]`, 'A value must be a string.');
    else
      scope.problems.limit(`${path}[${index}]`, 'Characters of a value', value.length, LIMITS.operandChars);
  });
}

/**
 * JSON -> expression. An object with one member is an operator; one with none
 * or several is data, as it stands.
 *
 * Place on the path: compile of conditions and serves, and of expressions that
 * the data holds. What holds: whatever a flagd server accepts compiles; what it
 * fails on fails when it is evaluated. Only size is refused.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import { Constant, type Expression, type ExpressionTarget, Failure, ListExpression } from './expression.ts';
import { misuseOf } from './operator-table.ts';

const NOTHING: Expression = new Constant(null);

export class ExpressionCompiler {
  readonly #target: ExpressionTarget;
  #nodes = 0;
  #depth = 0;
  #overflow: string | undefined;

  constructor(target: ExpressionTarget) {
    this.#target = target;
  }

  /** Values compiled so far, lists and their items counted: the steps that evaluating each of them once takes. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Says which limit was passed; what was compiled is then of no use. */
  get overflow(): string | undefined {
    return this.#overflow;
  }

  compile(json: JsonValue): Expression {
    this.#nodes += 1;
    this.#checkSize(0);
    if (this.#overflow !== undefined) return NOTHING;
    if (typeof json !== 'object' || json === null) return new Constant(json);
    this.#depth += 1;
    const expression = isJsonArray(json) ? this.#compileList(json) : this.#compileObject(json);
    this.#depth -= 1;
    return expression;
  }

  /** The operands of a list; none when there are too many. */
  items(list: readonly JsonValue[]): readonly Expression[] {
    this.#checkSize(list.length);
    if (this.#overflow !== undefined) return [];
    return list.map((item) => this.compile(item));
  }

  /** With so many more values. */
  #checkSize(more: number): void {
    if (this.#nodes + more > LIMITS.expressionNodes) {
      this.#overflow ??= `The JSONLogic expression has more than ${LIMITS.expressionNodes} values.`;
    } else if (this.#depth > LIMITS.expressionDepth) {
      this.#overflow ??= `The JSONLogic expression is nested deeper than ${LIMITS.expressionDepth}.`;
    }
  }

  /** An operator may have become a constant, so the list is that of the compiled items. */
  #compileList(list: readonly JsonValue[]): Expression {
    const items = this.items(list);
    const values = constantValues(items);
    return values === undefined ? new ListExpression(items) : new Constant(values);
  }

  #compileObject(object: { readonly [key: string]: JsonValue }): Expression {
    const names = Object.keys(object);
    const [name] = names;
    if (name === undefined || names.length > 1) return new Constant(object);
    const operator = this.#target.operators.get(name);
    if (operator === undefined) return new Failure(misuseOf(name, 'does not exist.'));
    return operator.compile(object[name]!, this);
  }
}

/** Undefined: some need the data. */
export function constantValues(expressions: readonly Expression[]): readonly JsonValue[] | undefined {
  const values: JsonValue[] = [];
  for (const expression of expressions) {
    if (!(expression instanceof Constant)) return undefined;
    values.push(expression.value);
  }
  return values;
}

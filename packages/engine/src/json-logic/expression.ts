/**
 * A compiled JSONLogic expression, and the state of one evaluation of it.
 *
 * Place on the path: conditions and serves hand a walk's context to an
 * expression. What holds: straight-line work was counted at compile; whatever
 * grows with the context is counted here, against one budget per walk.
 */
import { LIMITS } from '../limits.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { type Walk, WalkAbort } from '../walk.ts';
import type { OperatorTable } from './operator-table.ts';

/** One node: an operator with its operands, or a value. */
export interface Expression {
  evaluate(data: JsonValue, run: Run): JsonValue;
}

/** What an expression is compiled for; data that turns out to be an expression is compiled for the same. */
export interface ExpressionTarget {
  readonly operators: OperatorTable;
  /** Undefined: `$flagd` is not provided. */
  readonly flagKey: string | undefined;
}

/** Characters of text that cost as much as one step. */
const CHARS_PER_STEP = 16;
/** Expressions inside data that come out of expressions inside data. */
const CODE_DEPTH = 5;

const OVER_BUDGET = new WalkAbort(
  'GENERAL',
  `The JSONLogic expression takes more than ${LIMITS.evaluationSteps} steps over this context.`,
);
const OVER_CODE_DEPTH = new WalkAbort(
  'GENERAL',
  `The context holds JSONLogic expressions nested deeper than ${CODE_DEPTH}.`,
);
const OVER_TEXT = new WalkAbort(
  'GENERAL',
  `The JSONLogic expression makes text longer than ${LIMITS.expressionTextChars} characters.`,
);

export class Run {
  readonly walk: Walk;
  readonly target: ExpressionTarget;
  /** The data of the whole expression: an object that shows `$flagd` beside its own members. */
  readonly root: JsonValue;
  #firstNames: Map<JsonObject, readonly string[]> | undefined;
  #flagd: JsonObject | undefined;
  #codeDepth = 0;

  constructor(walk: Walk, target: ExpressionTarget, root: JsonValue) {
    this.walk = walk;
    this.target = target;
    this.root = root;
  }

  /** Counts work that depends on the context. Throws when the walk has none left. */
  spend(steps: number): void {
    this.walk.steps += steps;
    if (this.walk.steps > LIMITS.evaluationSteps) throw OVER_BUDGET;
  }

  spendText(chars: number): void {
    if (chars >= CHARS_PER_STEP) this.spend(Math.floor(chars / CHARS_PER_STEP));
  }

  /** For text that an operator is about to make. */
  checkText(chars: number): void {
    if (chars > LIMITS.expressionTextChars) throw OVER_TEXT;
  }

  /** `$flagd` of this data; undefined: the data's own member of that name counts, if any. */
  flagdOf(data: JsonValue): JsonObject | undefined {
    const { flagKey } = this.target;
    if (flagKey === undefined || data !== this.root) return undefined;
    this.#flagd ??= { flagKey, timestamp: Math.floor(this.walk.nowMs / 1000) };
    return this.#flagd;
  }

  /** `flagKey` of that `$flagd`, without making it. */
  flagKeyOf(data: JsonValue): string | undefined {
    return data === this.root ? this.target.flagKey : undefined;
  }

  /** What object-members.ts has found out about objects of the data. */
  get firstNames(): Map<JsonObject, readonly string[]> {
    this.#firstNames ??= new Map();
    return this.#firstNames;
  }

  enterCode(): void {
    this.#codeDepth += 1;
    if (this.#codeDepth > CODE_DEPTH) throw OVER_CODE_DEPTH;
  }

  leaveCode(): void {
    this.#codeDepth -= 1;
  }
}

/** A value written in the expression. */
export class Constant implements Expression {
  readonly value: JsonValue;

  constructor(value: JsonValue) {
    this.value = value;
  }

  evaluate(): JsonValue {
    return this.value;
  }
}

/** A list with expressions inside. */
export class ListExpression implements Expression {
  readonly items: readonly Expression[];

  constructor(items: readonly Expression[]) {
    this.items = items;
  }

  evaluate(data: JsonValue, run: Run): readonly JsonValue[] {
    const { items } = this;
    const values: JsonValue[] = [];
    for (let i = 0; i < items.length; i += 1) values.push(items[i]!.evaluate(data, run));
    return values;
  }
}

/** Stands where an expression can do nothing but fail: found at compile, said at evaluation, as a flagd server does. */
export class Failure implements Expression {
  readonly #abort: WalkAbort;

  constructor(abort: WalkAbort) {
    this.#abort = abort;
  }

  evaluate(): never {
    throw this.#abort;
  }
}

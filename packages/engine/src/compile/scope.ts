/**
 * What the compile functions of one entity share: where problems go, what the
 * entity refers to, how much work it may cause, and parts that it can share.
 *
 * Place on the path: made once per flag or segment. What holds: `steps` is an
 * upper bound of the work of one evaluation of this entity alone; the link
 * step adds what it refers to. Compiled parts never keep a scope.
 */
import type { AttributePath } from '../attribute-path.ts';
import { type CompiledExpression, compileExpression } from '../json-logic/compiled-expression.ts';
import type { OperatorTable } from '../json-logic/operator-table.ts';
import { timestampInstants } from '../json-logic/timestamp-instants.ts';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import type { EntityKind, ProblemList } from '../problem.ts';
import type { Gate } from './gate.ts';
import type { PartPool } from './part-pool.ts';
import { Schedule } from './schedule.ts';

/** One place where an entity names another one; resolved when the set is linked. */
export interface Reference {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
  /** Variants of the flag that are named. */
  readonly variants: readonly string[];
  /** It need not be there. */
  readonly optional: boolean;
  readonly entity: EntityKind;
  readonly path: string;
}

export class Scope {
  /** Key of the flag or segment. */
  readonly key: string;
  readonly problems: ProblemList;
  readonly pool: PartPool;
  readonly references: Reference[] = [];
  /** Gates by their definition: all rules of a flag usually have the same. */
  readonly gates: Map<string, Gate> = new Map();
  /** Instants and spans of time in which answers change without a revision. */
  readonly schedule: Schedule = new Schedule();
  /** Undefined: its dialect was refused. */
  readonly #jsonLogic: OperatorTable | undefined;
  #steps = 1;
  #nodes = 0;

  constructor(key: string, problems: ProblemList, pool: PartPool, jsonLogic: OperatorTable | undefined) {
    this.key = key;
    this.problems = problems;
    this.pool = pool;
    this.#jsonLogic = jsonLogic;
  }

  get steps(): number {
    return this.#steps;
  }

  spend(steps: number): void {
    this.#steps += steps;
  }

  /** `kind` "" or absent is the whole context. */
  attribute(attribute: string, path: string, kind = ''): AttributePath {
    return this.pool.attribute(attribute, kind, path, this.problems);
  }

  /** A JSONLogic expression; undefined after it was reported why there is none. */
  expression(expression: JsonValue, path: string): CompiledExpression | undefined {
    if (this.#jsonLogic === undefined) return undefined;
    const target = { operators: this.#jsonLogic, flagKey: this.key };
    const compiled = compileExpression(expression, target, path, this.problems);
    if (compiled === undefined) return undefined;
    this.spend(compiled.steps);
    for (const instantMs of timestampInstants(expression)) this.schedule.changesAt(instantMs);
    return compiled;
  }

  /** Counts a condition; reports once when there are too many. */
  enterNode(path: string): void {
    this.#nodes += 1;
    this.#steps += 1;
    if (this.#nodes === LIMITS.conditionNodes + 1) {
      this.problems.add(
        'LIMIT_EXCEEDED',
        path,
        `More than ${LIMITS.conditionNodes} conditions are given; move some into segments.`,
      );
    }
  }

  /** Reports an entity that could by itself take longer than an evaluation may. */
  checkSteps(): void {
    if (this.#steps <= LIMITS.evaluationSteps) return;
    this.problems.add(
      'LIMIT_EXCEEDED',
      '',
      `An evaluation could take ${this.#steps} steps, at most ${LIMITS.evaluationSteps} are allowed; move long lists into segments.`,
    );
  }

  refer(
    kind: Reference['kind'],
    key: string,
    path: string,
    { variants = [], optional = false }: Partial<Pick<Reference, 'variants' | 'optional'>> = {},
  ): void {
    this.references.push({ kind, key, variants, optional, entity: this.problems.entity, path });
  }
}

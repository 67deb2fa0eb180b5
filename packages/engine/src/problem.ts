/**
 * Reasons why an entity does not compile, collected with their paths.
 *
 * Place on the path: every compile function reports here and goes on, so that
 * one run finds every problem of an entity.
 */

export type ProblemCode =
  | 'BAD_ATTRIBUTE'
  | 'BAD_CONDITION'
  | 'BAD_GATE'
  | 'BAD_METADATA'
  | 'BAD_NAMESAKE'
  | 'BAD_OPERAND'
  | 'BAD_OUTCOME'
  | 'BAD_RAMP'
  | 'BAD_RANGE'
  | 'BAD_REGEX'
  | 'BAD_SPLIT'
  | 'BAD_WEIGHTS'
  | 'BAD_WINDOW'
  | 'DUPLICATE_RULE_ID'
  | 'DUPLICATE_VARIANT'
  | 'LIMIT_EXCEEDED'
  | 'MALFORMED'
  | 'MISSING_FIELD'
  | 'NOT_BUILT'
  | 'PREREQUISITE_CYCLE'
  | 'SEGMENT_CYCLE'
  | 'TYPE_MISMATCH'
  | 'UNKNOWN_FLAG'
  | 'UNKNOWN_OPERATOR'
  | 'UNKNOWN_SEGMENT'
  | 'UNKNOWN_VARIANT';

export type EntityKind = 'flag' | 'flagConfig' | 'segment';

/** A reason why an entity does not compile. */
export interface Problem {
  /** UPPER_SNAKE and stable, one of ProblemCode. */
  readonly code: string;
  readonly entity: EntityKind;
  /** Key of the flag or segment. */
  readonly key: string;
  /** Proto JSON path below the entity; "" is the entity itself. */
  readonly path: string;
  /** One sentence: what is wrong and what is allowed. */
  readonly message: string;
}

/** Takes problems of one entity. */
export interface ProblemSink {
  add(code: ProblemCode, path: string, message: string): void;
}

/** Collects the problems of one entity. */
export class ProblemList implements ProblemSink {
  readonly entity: EntityKind;
  readonly key: string;
  readonly #problems: Problem[];

  constructor(entity: EntityKind, key: string, problems: Problem[]) {
    this.entity = entity;
    this.key = key;
    this.#problems = problems;
  }

  /** Number of problems in the collection. */
  get size(): number {
    return this.#problems.length;
  }

  add(code: ProblemCode, path: string, message: string): void {
    this.#problems.push({ code, entity: this.entity, key: this.key, path, message });
  }

  /** Reports a list that is longer than allowed. */
  limit(path: string, what: string, size: number, allowed: number): void {
    if (size > allowed)
      this.add('LIMIT_EXCEEDED', path, `${what}: ${size} are given, at most ${allowed} are allowed.`);
  }
}

/** Orders problems so that equal sets report equally, however they were built. */
export function compareProblems(a: Problem, b: Problem): number {
  return (
    compareText(a.key, b.key) ||
    compareText(a.entity, b.entity) ||
    compareText(a.path, b.path) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

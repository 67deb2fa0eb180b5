/**
 * Flags of a file, compiled: what `eval --file` asks in place of a server. A
 * flag that could not be taken over, or that does not compile, answers so, and
 * the others work.
 */
import {
  type CompiledSet,
  compileSet,
  type Evaluation,
  type FlagUnit,
  type JsonObject,
  type Problem,
  type Recorder,
  type SegmentUnit,
} from '@flagstream/engine';

/** A flag, or a segment, that is not in force. */
export interface Refused {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
  /** "rules[0].serve.variant: There is no variant …" */
  readonly reason: string;
  /** "flags.yaml:12:5", where the first of the reasons is written. */
  readonly place: string | undefined;
}

/** The place of a problem in the file. */
export type PlaceOfProblem = (problem: Problem) => string | undefined;

export class OfflineFlags {
  /** In the order of the keys. */
  readonly refused: readonly Refused[];
  readonly #set: CompiledSet;
  readonly #refusals: ReadonlyMap<string, Refused>;

  /** @param refused flags that the file has beside the units */
  constructor(
    flags: readonly FlagUnit[],
    segments: readonly SegmentUnit[],
    refused: readonly Refused[],
    placeOf: PlaceOfProblem,
  ) {
    const { set, problems } = compileSet(flags, segments);
    this.#set = set;
    this.refused = [...refused, ...uncompiled(problems, placeOf)].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#refusals = new Map(
      this.refused.filter(({ kind }) => kind === 'flag').map((refusal) => [refusal.key, refusal]),
    );
  }

  /** All keys, those that are refused included, sorted. */
  keys(): readonly string[] {
    return [...new Set([...this.#set.flagKeys(), ...this.#refusals.keys()])].sort();
  }

  /** Why this flag is not in force; undefined for one that is, and for one that is not there. */
  refusalOf(flagKey: string): Refused | undefined {
    return this.#set.has(flagKey) ? undefined : this.#refusals.get(flagKey);
  }

  /** Never throws. */
  evaluate(flagKey: string, context: JsonObject, nowMs: number, recorder?: Recorder): Evaluation {
    const refused = this.refusalOf(flagKey);
    return refused === undefined ? this.#set.evaluate(flagKey, context, nowMs, recorder) : refusal(refused);
  }
}

function refusal({ key, reason }: Refused): Evaluation {
  return {
    flagKey: key,
    value: undefined,
    variant: undefined,
    reason: 'ERROR',
    ruleId: '',
    kind: undefined,
    enabled: false,
    errorCode: 'PARSE_ERROR',
    errorMessage: `refused: ${reason}`,
  };
}

/** One entry for each entity: its first problem, and how many more there are. */
function uncompiled(problems: readonly Problem[], placeOf: PlaceOfProblem): Refused[] {
  const byEntity = new Map<string, Problem[]>();
  for (const problem of problems) {
    const entity = `${kindOf(problem)}/${problem.key}`;
    const known = byEntity.get(entity);
    if (known === undefined) byEntity.set(entity, [problem]);
    else known.push(problem);
  }
  return [...byEntity.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    const field = first.path === '' ? '' : `${first.path}: `;
    const reason = `${field}${first.message}${more}`;
    return [{ kind: kindOf(first), key: first.key, reason, place: placeOf(first) }];
  });
}

function kindOf({ entity }: Problem): Refused['kind'] {
  return entity === 'segment' ? 'segment' : 'flag';
}

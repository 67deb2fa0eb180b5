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
}

export class OfflineFlags {
  /** In the order of the keys. */
  readonly refused: readonly Refused[];
  readonly #set: CompiledSet;
  readonly #reasons: ReadonlyMap<string, string>;

  /** @param refused flags that the file has beside the units */
  constructor(flags: readonly FlagUnit[], segments: readonly SegmentUnit[], refused: readonly Refused[]) {
    const { set, problems } = compileSet(flags, segments);
    this.#set = set;
    this.refused = [...refused, ...uncompiled(problems)].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#reasons = new Map(
      this.refused.filter(({ kind }) => kind === 'flag').map(({ key, reason }) => [key, reason]),
    );
  }

  /** All keys, those that are refused included, sorted. */
  keys(): readonly string[] {
    return [...new Set([...this.#set.flagKeys(), ...this.#reasons.keys()])].sort();
  }

  /** Why this flag is not in force; undefined for one that is, and for one that is not there. */
  refusalOf(flagKey: string): string | undefined {
    return this.#set.has(flagKey) ? undefined : this.#reasons.get(flagKey);
  }

  /** Never throws. */
  evaluate(flagKey: string, context: JsonObject, nowMs: number, recorder?: Recorder): Evaluation {
    const reason = this.refusalOf(flagKey);
    return reason === undefined
      ? this.#set.evaluate(flagKey, context, nowMs, recorder)
      : refusal(flagKey, reason);
  }
}

function refusal(flagKey: string, reason: string): Evaluation {
  return {
    flagKey,
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
function uncompiled(problems: readonly Problem[]): Refused[] {
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
    const place = first.path === '' ? '' : `${first.path}: `;
    return [{ kind: kindOf(first), key: first.key, reason: `${place}${first.message}${more}` }];
  });
}

function kindOf({ entity }: Problem): Refused['kind'] {
  return entity === 'segment' ? 'segment' : 'flag';
}

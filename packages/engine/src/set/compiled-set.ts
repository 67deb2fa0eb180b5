/**
 * A compiled set: what callers evaluate against. Immutable; a change makes a
 * new one (compile-set.ts).
 *
 * Place on the path: held by evaluators, clients and the control plane, one
 * per environment.
 */
import type { Schedule } from '../compile/schedule.ts';
import { evaluateFlag } from '../evaluate-flag.ts';
import { type Evaluation, errorOf, type Recorder } from '../evaluation.ts';
import type { FlagKind, JsonObject } from '../model.ts';
import type { PersistentMap } from '../persistent-map.ts';
import { Trace } from '../trace.ts';
import { type CompiledFlag, type CompiledSegment, type Directory, Walk } from '../walk.ts';
import { nodeId, nodeOf, reachableDependents, type SetState } from './set-state.ts';
import { Timetable } from './timetable.ts';

/** Flags and segments by key. */
export interface SetMembers {
  readonly flags: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

/** A flag that stands behind another of the same key. */
export interface Namesake {
  readonly kind: FlagKind;
  readonly clientVisible: boolean;
  readonly metadata: JsonObject | undefined;
  readonly source: string | undefined;
  /** As CompiledSet.evaluate. */
  evaluate(context: JsonObject, nowMs: number): Evaluation;
}

export interface CompiledSet {
  /** Number of flags that can be evaluated. */
  readonly size: number;
  has(flagKey: string): boolean;
  kindOf(flagKey: string): FlagKind | undefined;
  /** Whether client-side keys may see the flag; false when there is no such flag. */
  clientVisible(flagKey: string): boolean;
  /** What the flag says of itself; undefined when that is nothing, or there is no such flag. */
  metadataOf(flagKey: string): JsonObject | undefined;
  /** The file that the flag is served from; undefined when it comes from none, or there is no such flag. */
  sourceOf(flagKey: string): string | undefined;
  /** Flags of the same key in other flag sets or files, by falling precedence. */
  namesakesOf(flagKey: string): readonly Namesake[];
  /** Sorted by UTF-16 units. */
  flagKeys(): readonly string[];
  /** Flags whose answers can change when these flags or segments change, themselves included. */
  affectedBy(flags: Iterable<string>, segments: Iterable<string>): ReadonlySet<string>;
  /**
   * What these flags and segments depend on, themselves included: prerequisites
   * and segments that they name, directly or not, whether they are there or not.
   */
  neededBy(flags: Iterable<string>, segments: Iterable<string>): SetMembers;
  /**
   * Never throws. The context is a JSON object whose optional targetingKey names
   * the subject; nowMs is unix milliseconds. A recorder gets every step.
   */
  evaluate(flagKey: string, context: JsonObject, nowMs: number, recorder?: Recorder): Evaluation;
  /** Instant (unix ms) after nowMs at which some answer may change without a revision, or undefined. */
  nextTransition(nowMs: number): number | undefined;
}

const NO_NAMESAKES: readonly never[] = Object.freeze([]);

export class LinkedSet implements CompiledSet, Directory {
  readonly state: SetState;
  /** A walk that no evaluation is using; kept so that evaluating allocates none. */
  #idleWalk: Walk | undefined;
  readonly #flags: PersistentMap<string, CompiledFlag>;
  #sortedKeys: readonly string[] | undefined;
  #timetable: Timetable | undefined;

  constructor(state: SetState) {
    this.state = state;
    this.#flags = state.flags.live;
  }

  /**
   * The set after an edit of these nodes. What was computed over the whole set is kept where the edit left it right.
   */
  after(state: SetState, edited: Iterable<string>): LinkedSet {
    const set = new LinkedSet(state);
    const moved = movedFacts(edited, this.state, state);
    if (!moved.keys) set.#sortedKeys = this.#sortedKeys;
    if (!moved.schedules) set.#timetable = this.#timetable;
    return set;
  }

  get size(): number {
    return this.#flags.size;
  }

  flag(key: string): CompiledFlag | undefined {
    return this.#flags.get(key);
  }

  segment(key: string): CompiledSegment | undefined {
    return this.state.segments.live.get(key);
  }

  has(flagKey: string): boolean {
    return this.flag(flagKey) !== undefined;
  }

  kindOf(flagKey: string): FlagKind | undefined {
    return this.flag(flagKey)?.kind;
  }

  clientVisible(flagKey: string): boolean {
    return this.flag(flagKey)?.clientVisible ?? false;
  }

  metadataOf(flagKey: string): JsonObject | undefined {
    return this.flag(flagKey)?.metadata;
  }

  sourceOf(flagKey: string): string | undefined {
    return this.flag(flagKey)?.source;
  }

  namesakesOf(flagKey: string): readonly Namesake[] {
    const namesakes = this.flag(flagKey)?.namesakes ?? NO_NAMESAKES;
    if (namesakes.length === 0) return NO_NAMESAKES;
    return namesakes.map((flag) => ({
      kind: flag.kind,
      clientVisible: flag.clientVisible,
      metadata: flag.metadata,
      source: flag.source,
      evaluate: (context, nowMs) => this.#answer(flag, context, nowMs, undefined),
    }));
  }

  flagKeys(): readonly string[] {
    this.#sortedKeys ??= Object.freeze([...this.#flags.keys()].sort());
    return this.#sortedKeys;
  }

  affectedBy(flags: Iterable<string>, segments: Iterable<string>): ReadonlySet<string> {
    const roots = nodesOf(flags, segments);
    const affected = new Set<string>();
    for (const id of reachableDependents(roots, this.state.dependents)) {
      const { kind, key } = nodeOf(id);
      if (kind === 'flag') affected.add(key);
    }
    return affected;
  }

  neededBy(flags: Iterable<string>, segments: Iterable<string>): SetMembers {
    const needed = { flag: new Set<string>(), segment: new Set<string>() };
    const nodes = new Set(nodesOf(flags, segments));
    // A set's iteration includes what is added while it runs.
    for (const id of nodes) {
      const { kind, key } = nodeOf(id);
      needed[kind].add(key);
      const { records } = kind === 'flag' ? this.state.flags : this.state.segments;
      for (const named of records.get(key)?.own.references ?? []) nodes.add(nodeId(named.kind, named.key));
    }
    return { flags: needed.flag, segments: needed.segment };
  }

  evaluate(flagKey: string, context: JsonObject, nowMs: number, recorder?: Recorder): Evaluation {
    const flag = this.flag(flagKey);
    if (flag === undefined) {
      return errorOf(
        { key: flagKey, kind: undefined, enabled: false },
        'FLAG_NOT_FOUND',
        `There is no flag "${flagKey}" in this environment.`,
      );
    }
    return this.#answer(flag, context, nowMs, recorder);
  }

  #answer(
    flag: CompiledFlag,
    context: JsonObject,
    nowMs: number,
    recorder: Recorder | undefined,
  ): Evaluation {
    if (!isContext(context)) {
      return errorOf(flag, 'INVALID_CONTEXT', 'The context must be a JSON object.');
    }
    if (recorder === undefined) {
      return flag.firstStage === undefined && flag.settled !== undefined
        ? flag.settled
        : this.#evaluate(flag, context, nowMs, undefined);
    }
    const trace = new Trace();
    const answer = this.#evaluate(flag, context, nowMs, trace);
    trace.flush(recorder);
    return answer;
  }

  /** A foreign context may run code (getters, proxies) that fails or evaluates again. */
  #evaluate(flag: CompiledFlag, context: JsonObject, nowMs: number, trace: Trace | undefined): Evaluation {
    const walk = this.#idleWalk ?? new Walk(this);
    this.#idleWalk = undefined;
    walk.begin(context, nowMs, trace);
    try {
      return evaluateFlag(flag, walk);
    } catch (error) {
      return errorOf(flag, 'GENERAL', `The evaluation failed: ${messageOf(error)}`);
    } finally {
      walk.end();
      this.#idleWalk = walk;
    }
  }

  nextTransition(nowMs: number): number | undefined {
    this.#timetable ??= new Timetable(this.#schedules());
    return this.#timetable.next(nowMs);
  }

  *#schedules(): Generator<Schedule> {
    for (const table of [this.state.flags, this.state.segments])
      for (const { schedule } of table.live.values()) if (schedule !== undefined) yield schedule;
  }
}

/** What an edit changes of the facts about a whole set. */
interface MovedFacts {
  /** Flags came or went. */
  readonly keys: boolean;
  /** When answers change by themselves. */
  readonly schedules: boolean;
}

function movedFacts(edited: Iterable<string>, before: SetState, after: SetState): MovedFacts {
  const moved = { keys: false, schedules: false };
  for (const id of edited) {
    const { kind, key } = nodeOf(id);
    const table = kind === 'flag' ? 'flags' : 'segments';
    const old = before[table].live.get(key);
    const fresh = after[table].live.get(key);
    if (kind === 'flag' && (old === undefined) !== (fresh === undefined)) moved.keys = true;
    if (old?.schedule !== fresh?.schedule) moved.schedules = true;
  }
  return moved;
}

function nodesOf(flags: Iterable<string>, segments: Iterable<string>): string[] {
  const nodes: string[] = [];
  for (const key of flags) nodes.push(nodeId('flag', key));
  for (const key of segments) nodes.push(nodeId('segment', key));
  return nodes;
}

/** A proxy that was revoked answers nothing, not even whether it is an array. */
function isContext(context: JsonObject): boolean {
  try {
    return typeof context === 'object' && context !== null && !Array.isArray(context);
  } catch {
    return false;
  }
}

/** What was thrown may itself be foreign and throw when it is read. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'the error has no message';
  }
}

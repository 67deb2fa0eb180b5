/**
 * What a selector leaves of an environment. flagd tells flags apart by flag set, file and key, so that one key may stand
 * for several flags: without a selector the one that comes first by precedence answers, with one the first that it names.
 */
import type { Evaluation, FlagKind, JsonObject, Namesake } from '@flagstream/engine';
import type { Principal, Verb } from '@flagstream/runtime';
import { type AnswerView, NO_FLAG } from '../serve/answer-view.ts';
import type { Serving } from '../serve/serving.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import {
  atSelected,
  FLAG_SET_ID,
  type FlagOrigin,
  flagSetOf,
  type Selector,
  SOURCE,
  selects,
} from './selector.ts';

export type AnswerSet = AnswerView['set'];

/** An environment, and what is left of it. */
export interface Selection {
  readonly environment: EnvironmentReplica;
  readonly selector: Selector;
}

/**
 * What a caller has selected. A flag set `project/environment` is an environment, unless flags of the caller's own name
 * it as theirs.
 * @throws FlagstreamError NOT_READY, PERMISSION_DENIED, PROJECT_NOT_FOUND, ENVIRONMENT_NOT_FOUND
 */
export function selectionOf(
  serving: Pick<Serving, 'environment' | 'hasEnvironment' | 'servesFiles'>,
  principal: Principal,
  selector: Selector,
  verb: Verb = 'evaluate',
): Selection {
  if (selector.kind === 'environment' && serving.hasEnvironment(principal)) {
    const own = serving.environment(principal);
    const { project, environment } = selector;
    const flagSetId = `${project}/${environment}`;
    const isOwn = own.scope.project === project && own.scope.environment === environment;
    // Where flags come from files all sets are theirs, also one that has no flag yet.
    if (flagSetsIn(own.state.set).has(flagSetId) || (serving.servesFiles && !isOwn))
      return { environment: own, selector: { kind: 'flagSet', flagSetId } };
  }
  return { environment: serving.environment(atSelected(principal, selector, verb)), selector };
}

/** The view, with nothing but what is selected; the same where that is all of it. */
export function selectedView(view: AnswerView, selector: Selector): AnswerView {
  if (selector.kind === 'everything' || selector.kind === 'environment') return view;
  const { project, environment, quarantined } = view;
  return {
    project,
    environment,
    quarantined,
    set: new SelectedSet(view.set, selector),
    selected: named(selector),
  };
}

/** Flags of no set, or of no file, have no name in common. */
function named(selector: Extract<Selector, { readonly kind: 'flagSet' | 'source' }>): JsonObject {
  const [name, value] =
    selector.kind === 'source' ? [SOURCE, selector.source] : [FLAG_SET_ID, selector.flagSetId];
  return value === '' ? {} : { [name]: value };
}

/** Which flag of a key is selected: 0 is the one that answers without a selector, 1 its first namesake; -1: none. */
export function selectedPlace(set: AnswerSet, selector: Selector, flagKey: string): number {
  return [...flagsOf(set, flagKey)].findIndex((flag) => selects(selector, flag));
}

type KeyedFlag = FlagOrigin & Pick<Namesake, 'evaluate'> & { readonly kind: FlagKind | undefined };

/** The flags of a key by falling precedence: the one that answers without a selector, and those behind it. */
function* flagsOf(set: AnswerSet, key: string): Generator<KeyedFlag> {
  if (!set.has(key)) return;
  yield {
    kind: set.kindOf(key),
    metadata: set.metadataOf(key),
    source: set.sourceOf(key),
    evaluate: (context, nowMs) => set.evaluate(key, context, nowMs),
  };
  yield* set.namesakesOf(key);
}

class SelectedSet implements AnswerSet {
  readonly #set: AnswerSet;
  readonly #selector: Selector;

  constructor(set: AnswerSet, selector: Selector) {
    this.#set = set;
    this.#selector = selector;
  }

  flagKeys(): readonly string[] {
    return this.#set.flagKeys().filter((key) => this.has(key));
  }

  has(key: string): boolean {
    return this.#flag(key) !== undefined;
  }

  kindOf(key: string): FlagKind | undefined {
    return this.#flag(key)?.kind;
  }

  metadataOf(key: string): JsonObject | undefined {
    return this.#flag(key)?.metadata;
  }

  sourceOf(key: string): string | undefined {
    return this.#flag(key)?.source;
  }

  /** What stands behind what is selected answers nobody. */
  namesakesOf(): readonly never[] {
    return [];
  }

  evaluate(...[key, context, nowMs]: Parameters<AnswerSet['evaluate']>): Evaluation {
    const flag = this.#flag(key);
    if (flag !== undefined) return flag.evaluate(context, nowMs);
    return { ...this.#set.evaluate(NO_FLAG, context, nowMs), flagKey: key };
  }

  #flag(key: string): KeyedFlag | undefined {
    for (const flag of flagsOf(this.#set, key)) if (selects(this.#selector, flag)) return flag;
    return undefined;
  }
}

const knownFlagSets = new WeakMap<AnswerSet, ReadonlySet<string>>();

/** The flag sets that flags name as theirs. */
function flagSetsIn(set: AnswerSet): ReadonlySet<string> {
  let named = knownFlagSets.get(set);
  if (named === undefined) {
    const found = new Set<string>();
    for (const key of set.flagKeys())
      for (const { metadata } of flagsOf(set, key)) found.add(flagSetOf(metadata));
    named = found;
    knownFlagSets.set(set, named);
  }
  return named;
}

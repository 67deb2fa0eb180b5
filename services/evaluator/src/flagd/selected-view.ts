/**
 * What a selector leaves of an environment. flagd tells flags apart by flag set, file and key, so that one key may stand
 * for several flags: without a selector the one that comes first by precedence answers, with one the first that it names.
 */
import type { Evaluation, FlagKind, JsonObject } from '@flagstream/engine';
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
type SelectableSet = Pick<AnswerSet, 'flagKeys' | 'has' | 'metadataOf' | 'sourceOf' | 'namesakesOf'>;

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
export function selectedPlace(set: SelectableSet, selector: Selector, flagKey: string): number {
  if (!set.has(flagKey)) return -1;
  if (selects(selector, originOf(set, flagKey))) return 0;
  const index = set.namesakesOf(flagKey).findIndex((namesake) => selects(selector, namesake));
  return index < 0 ? -1 : index + 1;
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
    return selectedPlace(this.#set, this.#selector, key) >= 0;
  }

  kindOf(key: string): FlagKind | undefined {
    return this.#of(
      key,
      () => this.#set.kindOf(key),
      ({ kind }) => kind,
    );
  }

  metadataOf(key: string): JsonObject | undefined {
    return this.#of(
      key,
      () => this.#set.metadataOf(key),
      ({ metadata }) => metadata,
    );
  }

  sourceOf(key: string): string | undefined {
    return this.#of(
      key,
      () => this.#set.sourceOf(key),
      ({ source }) => source,
    );
  }

  /** What stands behind what is selected answers nobody. */
  namesakesOf(): readonly never[] {
    return [];
  }

  evaluate(...[key, context, nowMs]: Parameters<AnswerSet['evaluate']>): Evaluation {
    const evaluation = this.#of(
      key,
      () => this.#set.evaluate(key, context, nowMs),
      (namesake) => namesake.evaluate(context, nowMs),
    );
    if (evaluation !== undefined) return evaluation;
    return { ...this.#set.evaluate(NO_FLAG, context, nowMs), flagKey: key };
  }

  #of<T>(
    key: string,
    first: () => T,
    behind: (namesake: ReturnType<AnswerSet['namesakesOf']>[number]) => T,
  ): T | undefined {
    const place = selectedPlace(this.#set, this.#selector, key);
    if (place < 0) return undefined;
    return place === 0 ? first() : behind(this.#set.namesakesOf(key)[place - 1]!);
  }
}

function originOf(set: SelectableSet, flagKey: string): FlagOrigin {
  return { metadata: set.metadataOf(flagKey), source: set.sourceOf(flagKey) };
}

const knownFlagSets = new WeakMap<SelectableSet, ReadonlySet<string>>();

/** The flag sets that flags name as theirs. */
function flagSetsIn(set: SelectableSet): ReadonlySet<string> {
  let named = knownFlagSets.get(set);
  if (named === undefined) {
    const found = new Set<string>();
    for (const key of set.flagKeys()) {
      found.add(flagSetOf(set.metadataOf(key)));
      for (const { metadata } of set.namesakesOf(key)) found.add(flagSetOf(metadata));
    }
    named = found;
    knownFlagSets.set(set, named);
  }
  return named;
}

/**
 * What one kind of caller is answered from. Whoever holds the flags themselves
 * is answered from the whole state; a client key, which is in people's hands,
 * from one in which only client-visible flags exist, and which tells no rule's
 * id and no reason why a flag failed.
 */
import type { CompiledSet, Evaluation, FlagKind, JsonObject, Namesake } from '@flagstream/engine';
import type { AnswerPlace } from '@flagstream/protocol';
import type { Principal } from '@flagstream/runtime';
import type { EnvironmentState } from '../state/environment-replica.ts';

export interface AnswerView extends AnswerPlace {
  readonly set: Pick<
    CompiledSet,
    'evaluate' | 'flagKeys' | 'has' | 'kindOf' | 'metadataOf' | 'namesakesOf' | 'sourceOf'
  >;
  /** What all that a selector has left has in common; absent without one. */
  readonly selected?: JsonObject;
}

/** The view of one state. Asked anew for each state. */
export type ViewOf = (state: EnvironmentState) => AnswerView;

export function viewFor({ kind }: Principal): ViewOf {
  return kind === 'client' ? publicView : wholeView;
}

export const wholeView: ViewOf = (state) => state;

/** No flag has it: keys are never empty. */
export const NO_FLAG = '';

const views = new WeakMap<EnvironmentState, AnswerView>();

const publicView: ViewOf = (state) => {
  let view = views.get(state);
  if (view === undefined) {
    const { project, environment, set } = state;
    view = { project, environment, set: new PublicSet(set), quarantined: new Map() };
    views.set(state, view);
  }
  return view;
};

class PublicSet {
  readonly #set: CompiledSet;
  /** Evaluations are shared between calls: so are their public forms. */
  readonly #known = new WeakMap<Evaluation, Evaluation>();

  constructor(set: CompiledSet) {
    this.#set = set;
  }

  flagKeys(): readonly string[] {
    return [...this.#set.flagKeys()].filter((key) => this.#set.clientVisible(key));
  }

  has(key: string): boolean {
    return this.#set.has(key) && this.#set.clientVisible(key);
  }

  kindOf(key: string): FlagKind | undefined {
    return this.#set.clientVisible(key) ? this.#set.kindOf(key) : undefined;
  }

  metadataOf(key: string): JsonObject | undefined {
    return this.#set.clientVisible(key) ? this.#set.metadataOf(key) : undefined;
  }

  sourceOf(key: string): string | undefined {
    return this.#set.clientVisible(key) ? this.#set.sourceOf(key) : undefined;
  }

  namesakesOf(key: string): readonly Namesake[] {
    return this.#set
      .namesakesOf(key)
      .filter(({ clientVisible }) => clientVisible)
      .map((namesake) => ({
        ...namesake,
        evaluate: (context, nowMs) => this.#public(namesake.evaluate(context, nowMs)),
      }));
  }

  evaluate(...[key, context, nowMs]: Parameters<CompiledSet['evaluate']>): Evaluation {
    // One that is hidden is answered as one that is not there.
    if (!this.#set.clientVisible(key))
      return { ...this.#set.evaluate(NO_FLAG, context, nowMs), flagKey: key };
    return this.#public(this.#set.evaluate(key, context, nowMs));
  }

  #public(evaluation: Evaluation): Evaluation {
    let known = this.#known.get(evaluation);
    if (known === undefined) {
      known = {
        ...evaluation,
        ruleId: '',
        ...(evaluation.errorCode === undefined ? {} : { errorMessage: neutral(evaluation.errorCode) }),
      };
      this.#known.set(evaluation, known);
    }
    return known;
  }
}

/** What the caller can mend is told as it is; the rest would tell of rules. */
function neutral(code: NonNullable<Evaluation['errorCode']>): string {
  switch (code) {
    case 'TARGETING_KEY_MISSING':
      return 'the context has no targeting key';
    case 'INVALID_CONTEXT':
      return 'the context does not fit the flag';
    default:
      return 'it could not be evaluated';
  }
}

/**
 * The compiled set of each environment, kept up to date as revisions are
 * committed. Validating is compiling: a definition is accepted exactly when
 * the engine compiles it against the rest of the set in every environment that
 * it touches.
 *
 * Holds true: after adopt, each set is the compilation of the committed state.
 */
import { type CompiledSet, compileSet, updateSet } from '@flagstream/engine';
import { ENTITY_KIND, type EntityChange, entityKey } from '@flagstream/replica';
import type { Draft } from './draft.ts';
import { type LocatedProblem, ProjectUnits } from './project-units.ts';

interface EnvironmentSet {
  readonly set: CompiledSet;
  /** Entities left out because they do not compile: of an older release, or broken by hand. */
  readonly broken: ReadonlySet<string>;
}

export interface Proposal {
  readonly problems: readonly LocatedProblem[];
  /** New sets by environment; null: the environment is out of service. */
  readonly sets: ReadonlyMap<string, EnvironmentSet | null>;
}

export class CompiledSets {
  readonly #sets = new Map<string, EnvironmentSet>();

  /** Environments in service. */
  get size(): number {
    return this.#sets.size;
  }

  /** What the draft's changes would make of the sets, and what does not compile. */
  propose(draft: Draft): Proposal {
    const problems: LocatedProblem[] = [];
    const sets = new Map<string, EnvironmentSet | null>();
    const byProject = new Map<string, EntityChange[]>();
    for (const change of draft.changes()) {
      // No flag means something else for it.
      if (change.kind === ENTITY_KIND.key) continue;
      const known = byProject.get(change.project);
      if (known === undefined) byProject.set(change.project, [change]);
      else known.push(change);
    }
    for (const [project, changes] of byProject) {
      const units = new ProjectUnits(draft, project);
      for (const environment of this.#affectedEnvironments(draft, project, changes)) {
        const key = setKey(project, environment);
        const next = units.inService(environment)
          ? this.#propose(units, environment, changes, problems)
          : null;
        sets.set(key, next);
      }
    }
    return { problems, sets };
  }

  adopt(proposal: Proposal): void {
    for (const [key, set] of proposal.sets) {
      if (set === null) this.#sets.delete(key);
      else this.#sets.set(key, set);
    }
  }

  /** Compiles the committed state, anew. Answers what does not compile and is left out. */
  load(draft: Draft): readonly LocatedProblem[] {
    this.#sets.clear();
    const problems: LocatedProblem[] = [];
    const projects = draft.base.entities({ kind: ENTITY_KIND.project, limit: Number.MAX_SAFE_INTEGER });
    for (const { change } of projects) {
      if (change.deleted) continue;
      const units = new ProjectUnits(draft, change.project);
      for (const environment of units.environments())
        this.#sets.set(setKey(change.project, environment), compileAll(units, environment, problems));
    }
    return problems;
  }

  /** Environments whose set the changes touch, those that go out of service included. */
  #affectedEnvironments(draft: Draft, project: string, changes: readonly EntityChange[]): Set<string> {
    const affected = new Set<string>();
    const wide = changes.some((change) => change.kind !== ENTITY_KIND.flagConfig);
    if (wide) {
      for (const environment of new ProjectUnits(draft, project).environments()) affected.add(environment);
      for (const key of this.#sets.keys())
        if (key.startsWith(`${project}/`)) affected.add(key.slice(project.length + 1));
    }
    for (const change of changes)
      if (change.kind === ENTITY_KIND.flagConfig) affected.add(change.environment);
    return affected;
  }

  #propose(
    units: ProjectUnits,
    environment: string,
    changes: readonly EntityChange[],
    problems: LocatedProblem[],
  ): EnvironmentSet {
    const before = this.#sets.get(setKey(units.project, environment));
    if (before === undefined) return compileAll(units, environment, problems);
    const touched = new Set(changes.map(entityKey));
    const change = units.setChange(environment, changes, problems);
    const compiled = updateSet(before.set, change);
    const broken = new Set([...before.broken].filter((key) => !touched.has(key)));
    for (const problem of compiled.problems) {
      const id = units.locate(environment, problem);
      const key = entityKey(id);
      // What was left out before, and is not being changed, does not stand in anybody's way.
      if (!before.broken.has(key) || touched.has(key)) problems.push({ id, problem });
      broken.add(key);
    }
    return { set: compiled.set, broken };
  }
}

function setKey(project: string, environment: string): string {
  return `${project}/${environment}`;
}

function compileAll(units: ProjectUnits, environment: string, problems: LocatedProblem[]): EnvironmentSet {
  const unreadable: LocatedProblem[] = [];
  const compiled = compileSet(units.flags(environment, unreadable), units.segments(unreadable));
  const located = compiled.problems.map((problem) => ({ id: units.locate(environment, problem), problem }));
  problems.push(...unreadable, ...located);
  return {
    set: compiled.set,
    broken: new Set([...unreadable, ...located].map(({ id }) => entityKey(id))),
  };
}

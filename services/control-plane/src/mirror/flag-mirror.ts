/**
 * Flags whose truth lies outside the log: all that a file says becomes all flags of one environment, as one revision,
 * and what has left the file leaves service.
 *
 * Holds true: what is so already makes no revision. Unlike a person's write, one of these may bring a key back, and give
 * it another kind: the file is asked, not the log.
 */
import { environmentId, flagConfigId, flagId, projectId } from '@flagstream/protocol';
import { Flag, type FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type Position } from '@flagstream/replica';
import { applyEdit } from '../admin/change-methods.ts';
import type { Writes } from '../admin/writes.ts';
import type { Edit } from '../commands/edit.ts';
import type { AuditStore } from '../log/audit-store.ts';
import { SYSTEM_ACTOR } from '../log/change-log.ts';
import { baseChanges } from '../seed/demo-set.ts';
import type { SeedScope } from '../seed/seed.ts';

export interface MirroredFlag {
  readonly flag: Flag;
  readonly config: FlagConfig;
}

export interface FlagMirrorParts {
  readonly store: AuditStore;
  readonly writes: Writes;
  readonly scope: SeedScope;
}

export class FlagMirror {
  readonly #parts: FlagMirrorParts;

  constructor(parts: FlagMirrorParts) {
    this.#parts = parts;
  }

  /** Keys of flags in service that were not imported from this system: a mirror would take them away. */
  othersThanOf(system: string): readonly string[] {
    return this.#inService()
      .filter(({ content }) => Flag.decode(content).provenance?.system !== system)
      .map(({ key }) => key);
  }

  /**
   * Makes the environment's flags these and no others.
   * @param comment stands in the log, for whoever asks where the change came from
   * @throws FlagstreamError of the catalogue; then nothing was written
   */
  replace(flags: ReadonlyMap<string, MirroredFlag>, comment: string): Position {
    const { writes } = this.#parts;
    return writes.perform({
      method: 'mirror',
      requestJson: {},
      principal: SYSTEM_ACTOR,
      permit: () => undefined,
      opId: '',
      actor: '',
      comment,
      validateOnly: false,
      edits: () => this.#edits(flags),
      subjects: () => [],
    }).position;
  }

  #edits(flags: ReadonlyMap<string, MirroredFlag>): readonly Edit[] {
    const { project, environment } = this.#parts.scope;
    const left = this.#inService().filter(({ key }) => !flags.has(key));
    return [
      ...this.#place(),
      ...[...flags].flatMap(([key, { flag, config }]): Edit[] => [
        { op: 'replace', id: flagId(project, key), path: `flags[${JSON.stringify(key)}]`, message: flag },
        {
          op: 'replace',
          id: flagConfigId(project, environment, key),
          path: `flags[${JSON.stringify(key)}]`,
          message: config,
        },
      ]),
      ...left.map(
        ({ key }): Edit => ({
          op: 'archive',
          id: flagId(project, key),
          path: `flags[${JSON.stringify(key)}]`,
          etag: '',
        }),
      ),
    ];
  }

  /** The project and the environment, where they are not there yet. */
  #place(): readonly Edit[] {
    const { store, scope } = this.#parts;
    const { project, environment } = scope;
    const isThere = [projectId(project), environmentId(project, environment)].map(
      (id) => store.entity(id) !== undefined,
    );
    return baseChanges(project, environment)
      .map(applyEdit)
      .filter((_, i) => isThere[i] === false);
  }

  #inService(): readonly { readonly key: string; readonly content: Uint8Array }[] {
    const { store, scope } = this.#parts;
    return store
      .entities({ kind: ENTITY_KIND.flag, project: scope.project, limit: Number.MAX_SAFE_INTEGER })
      .map(({ change }) => change)
      .filter(({ deleted }) => !deleted);
  }
}

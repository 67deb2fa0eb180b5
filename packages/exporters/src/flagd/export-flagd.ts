/** The flags of one environment as flagd's document has them; each is made once and kept until something changes it. */
import type { FlagUnit, JsonObject } from '@flagstream/engine';
import { type ExportedFlag, exportFlag } from './export-flag.ts';
import { FlagPrograms, type UnitLookup } from './flag-program.ts';

export class FlagdExport {
  readonly #setMetadata: JsonObject;
  readonly #flags = new Map<string, ExportedFlag>();

  /** @param setMetadata what each flag's metadata begins with */
  constructor(setMetadata: JsonObject = {}) {
    this.#setMetadata = setMetadata;
  }

  /** By key, in no order. */
  get flags(): ReadonlyMap<string, ExportedFlag> {
    return this.#flags;
  }

  /**
   * Takes the units that are in force now.
   * @param affected flags whose answers may differ, with those that refer to what has changed; undefined: any
   */
  update(
    units: UnitLookup & { flags(): Iterable<FlagUnit> },
    affected: ReadonlySet<string> | undefined,
  ): void {
    const programs = new FlagPrograms(units);
    if (affected === undefined) {
      this.#flags.clear();
      for (const unit of units.flags())
        this.#flags.set(unit.key, exportFlag(unit, programs, this.#setMetadata));
      return;
    }
    for (const key of affected) {
      const unit = units.flag(key);
      if (unit === undefined) this.#flags.delete(key);
      else this.#flags.set(key, exportFlag(unit, programs, this.#setMetadata));
    }
  }
}

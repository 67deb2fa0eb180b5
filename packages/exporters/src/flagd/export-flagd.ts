/** The flags of one environment as flagd's document has them; each is made once and kept until something changes it. */
import type { FlagUnit, JsonObject } from '@flagstream/engine';
import { type ExportedFlag, exportFlag } from './export-flag.ts';
import { FlagPrograms, type UnitLookup } from './flag-program.ts';
import type { WithheldFlag } from './withheld.ts';

type Units = UnitLookup & { flags(): Iterable<FlagUnit> };

const NONE: readonly never[] = Object.freeze([]);

export class FlagdExport {
  readonly #setMetadata: JsonObject;
  readonly #flags = new Map<string, ExportedFlag>();
  /** Only of flags that have some. */
  readonly #namesakes = new Map<string, readonly ExportedFlag[]>();

  /** @param setMetadata what each flag's metadata begins with */
  constructor(setMetadata: JsonObject = {}) {
    this.#setMetadata = setMetadata;
  }

  /** By key, in no order. */
  get flags(): ReadonlyMap<string, ExportedFlag> {
    return this.#flags;
  }

  /** Flags of this key in other flag sets or files, by falling precedence. */
  namesakesOf(key: string): readonly ExportedFlag[] {
    return this.#namesakes.get(key) ?? NONE;
  }

  /** Flags that a client can be told of in no way, and why; namesakes too. */
  get withheld(): readonly WithheldFlag[] {
    const all = [...this.#flags.values(), ...[...this.#namesakes.values()].flat()];
    return all.filter((flag) => flag.outcome === 'withheld');
  }

  /**
   * Takes the units that are in force now.
   * @param affected flags whose answers may differ, with those that refer to what has changed; undefined: any
   */
  update(units: Units, affected: ReadonlySet<string> | undefined): void {
    const programs = new FlagPrograms(units);
    if (affected === undefined) {
      this.#flags.clear();
      this.#namesakes.clear();
      for (const unit of units.flags()) this.#put(unit, units, programs);
      return;
    }
    for (const key of affected) {
      const unit = units.flag(key);
      this.#flags.delete(key);
      this.#namesakes.delete(key);
      if (unit !== undefined) this.#put(unit, units, programs);
    }
  }

  #put(unit: FlagUnit, units: Units, programs: FlagPrograms): void {
    const { key, flag } = unit;
    this.#flags.set(key, exportFlag(unit, programs, this.#setMetadata));
    if (!flag.namesakes?.length) return;
    const namesakes = flag.namesakes.map((namesake) =>
      // Programs are kept by key.
      exportFlag({ key, flag: {}, ...namesake }, new FlagPrograms(units), this.#setMetadata),
    );
    this.#namesakes.set(key, namesakes);
  }
}

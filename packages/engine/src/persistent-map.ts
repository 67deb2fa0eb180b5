/**
 * A map that never changes; editing it makes the next one, which shares all
 * but what was edited.
 *
 * Place on the path: holds the entities of a set, so that one edit among
 * thousands costs the edit, not the set. What holds: two maps never see each
 * other's edits; a lookup asks at most two native maps, and one while there are
 * no edits. The order of iteration is no promise.
 *
 * How: a base that successors share, and beside it what was edited since, which
 * each successor copies. When the edits outgrow a few square roots of the base
 * they are folded into a new base, so that an edit costs O(sqrt(n)), amortised.
 */

/** Stands among the edits for a key that the base has and the map has not. */
const REMOVED: unique symbol = Symbol('removed');

type Edits<Key, Value> = Map<Key, Value | typeof REMOVED>;

/** So few edits are never worth a fold. */
const FEW_EDITS = 64;
/**
 * Edits per square root of the base. At 1.4 copying edits and folding cost
 * alike; more makes folds, which one edit has to wait for, rarer.
 */
const EDITS_PER_ROOT = 4;

export class PersistentMap<Key, Value extends NonNullable<unknown>> {
  readonly size: number;
  readonly #base: ReadonlyMap<Key, Value>;
  /** Undefined: nothing differs from the base. Only keys of the base are marked REMOVED. */
  readonly #edits: Edits<Key, Value> | undefined;

  /** Of a map that nobody changes any more; the other parameters are MapEdit's. */
  constructor(
    base: ReadonlyMap<Key, Value> = new Map(),
    edits?: Edits<Key, Value>,
    size: number = base.size,
  ) {
    this.#base = base;
    this.#edits = edits;
    this.size = size;
  }

  get(key: Key): Value | undefined {
    if (this.#edits !== undefined) {
      const edited = this.#edits.get(key);
      if (edited !== undefined) return edited === REMOVED ? undefined : edited;
    }
    return this.#base.get(key);
  }

  *entries(): Generator<readonly [Key, Value]> {
    const edits = this.#edits;
    if (edits === undefined) {
      yield* this.#base;
      return;
    }
    for (const entry of this.#base) if (!edits.has(entry[0])) yield entry;
    for (const [key, value] of edits) if (value !== REMOVED) yield [key, value];
  }

  *keys(): Generator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  /** Begins the next map. */
  edit(): MapEdit<Key, Value> {
    return new MapEdit(this, this.#base, this.#edits);
  }
}

/** The next map while it is being made. */
export class MapEdit<Key, Value extends NonNullable<unknown>> {
  readonly #before: PersistentMap<Key, Value>;
  readonly #base: ReadonlyMap<Key, Value>;
  readonly #editsBefore: ReadonlyMap<Key, Value | typeof REMOVED> | undefined;
  /** Undefined: nothing is edited yet. */
  #edits: Edits<Key, Value> | undefined;
  #size: number;

  constructor(
    before: PersistentMap<Key, Value>,
    base: ReadonlyMap<Key, Value>,
    edits: ReadonlyMap<Key, Value | typeof REMOVED> | undefined,
  ) {
    this.#before = before;
    this.#base = base;
    this.#editsBefore = edits;
    this.#size = before.size;
  }

  get(key: Key): Value | undefined {
    if (this.#edits === undefined) return this.#before.get(key);
    const edited = this.#edits.get(key);
    if (edited !== undefined) return edited === REMOVED ? undefined : edited;
    return this.#base.get(key);
  }

  set(key: Key, value: Value): void {
    if (this.get(key) === undefined) this.#size += 1;
    this.#own().set(key, value);
  }

  delete(key: Key): void {
    if (this.get(key) === undefined) return;
    this.#size -= 1;
    if (this.#base.has(key)) this.#own().set(key, REMOVED);
    else this.#own().delete(key);
  }

  #own(): Edits<Key, Value> {
    this.#edits ??= new Map(this.#editsBefore);
    return this.#edits;
  }

  /** The next map, or the old one when nothing was edited. The edit must not be used any more. */
  done(): PersistentMap<Key, Value> {
    const edits = this.#edits;
    if (edits === undefined) return this.#before;
    const most = Math.max(FEW_EDITS, EDITS_PER_ROOT * Math.sqrt(this.#base.size));
    return this.#base.size > 0 && edits.size <= most
      ? new PersistentMap(this.#base, edits, this.#size)
      : new PersistentMap(this.#folded(edits));
  }

  #folded(edits: Edits<Key, Value>): ReadonlyMap<Key, Value> {
    // An empty base has nothing to remove, so the edits are the whole map already.
    if (this.#base.size === 0) return edits as Map<Key, Value>;
    const folded = new Map(this.#base);
    for (const [key, value] of edits) {
      if (value === REMOVED) folded.delete(key);
      else folded.set(key, value);
    }
    return folded;
  }
}

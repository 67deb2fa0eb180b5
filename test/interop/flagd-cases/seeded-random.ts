// Choices that a seed makes the same for ever, on every machine.

/** Of mulberry32. */
const STEP = 0x6d2b79f5;
const RANGE = 2 ** 32;

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  fraction(): number {
    this.#state = (this.#state + STEP) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE;
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** A list of `least` to `most` items. */
  list<Item>(least: number, most: number, make: () => Item): Item[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }

  /** One of the makers, as often as its weight is of all weights. */
  weighted<Item>(makers: readonly (readonly [weight: number, make: () => Item])[]): Item {
    const total = makers.reduce((sum, [weight]) => sum + weight, 0);
    let place = this.fraction() * total;
    for (const [weight, make] of makers) {
      place -= weight;
      if (place < 0) return make();
    }
    throw new RangeError('no maker has a weight');
  }
}

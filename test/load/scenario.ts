// What a scenario says of itself: figures, aims that are met or not, and promises that must hold whatever the speed.

export interface Figure {
  /** A noun phrase. */
  readonly what: string;
  readonly value: string;
}

/** A speed that is wanted: missing it is told, and fails nothing. */
export interface Aim {
  readonly what: string;
  readonly aimed: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly aims: readonly Aim[];
  /** Promises that did not hold, one sentence each. */
  readonly broken: readonly string[];
}

export class Findings {
  readonly #figures: Figure[] = [];
  readonly #aims: Aim[] = [];
  readonly #broken: string[] = [];

  figure(what: string, value: string | number): void {
    this.#figures.push({ what, value: typeof value === 'number' ? formatNumber(value) : value });
  }

  /** At most, or at least with `atLeast`. */
  aim(what: string, measured: number, bound: number, unit: string, atLeast = false): void {
    this.#aims.push({
      what,
      aimed: `${atLeast ? 'at least' : 'at most'} ${formatNumber(bound)} ${unit}`,
      measured: `${formatNumber(measured)} ${unit}`,
      met: atLeast ? measured >= bound : measured <= bound,
    });
  }

  /** @param sentence what is wrong when it does not hold */
  promise(holds: boolean, sentence: string): void {
    if (!holds) this.#broken.push(sentence);
  }

  result(name: string, title: string): ScenarioResult {
    return { name, title, figures: this.#figures, aims: this.#aims, broken: this.#broken };
  }
}

export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

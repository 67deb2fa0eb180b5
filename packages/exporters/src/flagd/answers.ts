/** The answers of one flag, as compile makes them in the engine. */
import type { EnabledOverride, FlagUnit, VariantDefinition } from '@flagstream/engine';
import type { Answer } from './program.ts';

export class Answers {
  readonly #enabled: boolean;
  readonly #variants: ReadonlyMap<string, VariantDefinition>;

  constructor({ flag, config }: FlagUnit) {
    this.#enabled = config?.enabled ?? false;
    this.#variants = new Map((flag.variants ?? []).map((variant) => [variant.key, variant]));
  }

  /** A variant; undefined or "" is the caller's default. */
  known(variant: string | undefined, given?: EnabledOverride): Answer {
    const served = variant ? this.#variants.get(variant) : undefined;
    const override = given ?? served?.enabledOverride;
    return {
      kind: 'answer',
      variant: variant || undefined,
      value: served?.value,
      enabled: override === undefined ? this.#enabled : override === 'ENABLED_OVERRIDE_ON',
      isError: false,
    };
  }

  error(): Answer {
    return { kind: 'answer', variant: undefined, value: undefined, enabled: this.#enabled, isError: true };
  }
}

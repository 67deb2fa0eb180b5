/** What the control plane fills in so that people need not write it. */
import {
  EnabledOverride,
  type Flag,
  type FlagConfig,
  FlagKind,
  type Rule,
} from '@flagstream/protocol/gen/flagstream/v1/model';

/**
 * A boolean flag without variants answers on and off, and is off while off. A
 * variant without a key gets its place among the variants: "0" is the first.
 */
export function withDefaultVariants(flag: Flag): Flag {
  if (flag.variants.some((variant) => variant.key === '')) {
    const variants = flag.variants.map((variant, index) =>
      variant.key === '' ? { ...variant, key: String(index) } : variant,
    );
    return { ...flag, variants };
  }
  if (flag.kind !== FlagKind.BOOLEAN || flag.variants.length > 0) return flag;
  return {
    ...flag,
    variants: [
      { key: 'on', value: true, description: '', enabledOverride: EnabledOverride.UNSPECIFIED },
      { key: 'off', value: false, description: '', enabledOverride: EnabledOverride.UNSPECIFIED },
    ],
    offVariant: flag.offVariant === '' ? 'off' : flag.offVariant,
  };
}

/** Gives rules without an id the first free "rule-N", in order. */
export function withRuleIds(config: FlagConfig): FlagConfig {
  if (config.rules.every((rule) => rule.id !== '')) return config;
  const taken = new Set(config.rules.map((rule) => rule.id));
  let n = 0;
  const nextId = (): string => {
    do n++;
    while (taken.has(`rule-${n}`));
    return `rule-${n}`;
  };
  const rules = config.rules.map((rule): Rule => (rule.id === '' ? { ...rule, id: nextId() } : rule));
  return { ...config, rules };
}

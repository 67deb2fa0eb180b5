/**
 * The stored form of an entity, less what the written form leaves to the
 * control plane: ranges beside weights, gates, rule ids, the variants of a
 * boolean flag. So a plan shows what a person has changed and nothing else.
 * Pure.
 */
import {
  type Flag,
  type FlagConfig,
  FlagKind,
  type Serve,
  type Split,
} from '@flagstream/protocol/gen/flagstream/v1/model';

export function flagAsAuthored(stored: Flag, written: Flag): Flag {
  const variants = stored.variants.map((variant, i) =>
    written.variants[i]?.key === '' && variant.key === String(i) ? { ...variant, key: '' } : variant,
  );
  if (variants.length === written.variants.length) return { ...stored, variants };
  const leftOut = written.kind === FlagKind.BOOLEAN && written.variants.length === 0;
  if (!leftOut) return stored;
  return { ...stored, variants: [], offVariant: written.offVariant === '' ? '' : stored.offVariant };
}

export function configAsAuthored(stored: FlagConfig, written: FlagConfig): FlagConfig {
  return {
    ...stored,
    rules: stored.rules.map((rule, i) => {
      const own = written.rules[i];
      if (own === undefined) return rule;
      return { ...rule, id: own.id === '' ? '' : rule.id, serve: serveAsAuthored(rule.serve, own.serve) };
    }),
    fallthrough: serveAsAuthored(stored.fallthrough, written.fallthrough),
  };
}

function serveAsAuthored(stored: Serve | undefined, written: Serve | undefined): Serve | undefined {
  if (stored?.outcome?.$case !== 'split' || written?.outcome?.$case !== 'split') return stored;
  const value = splitAsAuthored(stored.outcome.value, written.outcome.value);
  return { ...stored, outcome: { $case: 'split', value } };
}

function splitAsAuthored(stored: Split, written: Split): Split {
  const drawn = written.entries.some((entry) => entry.ranges.length > 0);
  const weighted = written.entries.some((entry) => entry.weight !== 0);
  return {
    ...stored,
    gate: written.gate === undefined ? undefined : stored.gate,
    entries: stored.entries.map((entry) => ({
      ...entry,
      ranges: drawn ? entry.ranges : [],
      weight: weighted ? entry.weight : 0,
    })),
  };
}

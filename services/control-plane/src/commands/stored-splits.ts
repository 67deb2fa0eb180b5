/**
 * Weights become ranges here, before anything is stored. Ranges are what is
 * evaluated, so a changed weight must edit the stored ranges instead of drawing
 * new ones: then the fewest users move. A client that sends only weights gets
 * the stored ranges as its start, where it means the same split.
 */
import {
  type FlagConfigDefinition,
  normalizeConfig,
  type ServeDefinition,
  type SplitDefinition,
  type SplitEntryDefinition,
} from '@flagstream/engine';

type NormalizedConfig = ReturnType<typeof normalizeConfig>;

/** The configuration as it is stored: every split with its gate and ranges. */
export function normalizeSplits(
  flagKey: string,
  config: FlagConfigDefinition,
  before: FlagConfigDefinition | undefined,
): NormalizedConfig {
  const fresh = normalizeConfig(flagKey, config);
  if (before === undefined || fresh.problems.length > 0) return fresh;
  return normalizeConfig(flagKey, startFromStored(config, fresh.config, before));
}

/** `config` with the stored ranges where it means a stored split; `fresh` has its gates complete. */
function startFromStored(
  config: FlagConfigDefinition,
  fresh: FlagConfigDefinition,
  before: FlagConfigDefinition,
): FlagConfigDefinition {
  const stored = new Map(before.rules?.map((rule) => [rule.id, rule.serve]));
  const rules = config.rules?.map((rule, i) => {
    const serve = serveFromStored(rule.serve, fresh.rules?.[i]?.serve, stored.get(rule.id));
    return serve === undefined ? rule : { ...rule, serve };
  });
  const fallthrough = serveFromStored(config.fallthrough, fresh.fallthrough, before.fallthrough);
  return { ...config, ...(rules && { rules }), ...(fallthrough && { fallthrough }) };
}

function serveFromStored(
  serve: ServeDefinition | undefined,
  fresh: ServeDefinition | undefined,
  before: ServeDefinition | undefined,
): ServeDefinition | undefined {
  if (serve?.split === undefined || fresh?.split === undefined || before?.split === undefined) return serve;
  const entries = serve.split.entries ?? [];
  const hasOwnRanges = entries.some((entry) => (entry.ranges ?? []).length > 0);
  if (hasOwnRanges || !sameJson(fresh.split.gate ?? {}, before.split.gate ?? {})) return serve;
  const stored = storedEntries(entries, before.split.entries ?? []);
  return stored === undefined ? serve : { ...serve, split: withRanges(serve.split, stored, before.split) };
}

/**
 * The stored entry that each entry goes on from: that of its place while the
 * variants stand as before, else the one of its variant. Undefined: they cannot
 * be told apart.
 */
function storedEntries(
  entries: readonly SplitEntryDefinition[],
  stored: readonly SplitEntryDefinition[],
): readonly (SplitEntryDefinition | undefined)[] | undefined {
  const areInPlace =
    entries.length === stored.length &&
    entries.every((entry, index) => entry.variant === stored[index]?.variant);
  if (areInPlace) return stored;
  const byVariant = new Map(stored.map((entry) => [entry.variant, entry]));
  const variants = new Set(entries.map((entry) => entry.variant));
  if (byVariant.size < stored.length || variants.size < entries.length) return undefined;
  return entries.map((entry) => byVariant.get(entry.variant));
}

function withRanges(
  split: SplitDefinition,
  stored: readonly (SplitEntryDefinition | undefined)[],
  before: SplitDefinition,
): SplitDefinition {
  return {
    ...split,
    ...(before.gate && { gate: before.gate }),
    entries: (split.entries ?? []).map((entry, index) => ({
      ...entry,
      ranges: stored[index]?.ranges ?? [],
    })),
  };
}

/** Compares gates, whose members are scalars and lists of text. */
function sameJson(a: object, b: object): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}

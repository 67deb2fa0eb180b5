/**
 * Weights become ranges here, before anything is stored. Ranges are what is
 * evaluated, so a changed weight must edit the stored ranges instead of drawing
 * new ones: then the fewest users move. A client that sends only weights gets
 * the stored ranges as its start, where it means the same split.
 */
import { type FlagConfigDefinition, normalizeConfig, type Problem, type SplitDefinition } from '@flagstream/engine';
import { FlagConfig, Gate, type Serve, Split } from '@flagstream/protocol/gen/flagstream/v1/model';

export interface NormalizedConfig {
  readonly config: FlagConfig;
  readonly problems: readonly Problem[];
}

/** The configuration as it is stored: every split with its gate and ranges. */
export function normalizeSplits(
  flagKey: string,
  config: FlagConfig,
  before: FlagConfig | undefined,
): NormalizedConfig {
  const started = before === undefined ? config : startFromStored(config, before);
  const definition = FlagConfig.toJSON(started) as FlagConfigDefinition;
  const normalized = normalizeConfig(flagKey, definition);
  return { config: takeSplits(started, normalized.config), problems: normalized.problems };
}

function startFromStored(config: FlagConfig, before: FlagConfig): FlagConfig {
  const stored = new Map(before.rules.map((rule) => [rule.id, rule.serve]));
  return {
    ...config,
    rules: config.rules.map((rule) => ({ ...rule, serve: serveFromStored(rule.serve, stored.get(rule.id)) })),
    fallthrough: serveFromStored(config.fallthrough, before.fallthrough),
  };
}

function serveFromStored(serve: Serve | undefined, before: Serve | undefined): Serve | undefined {
  if (serve?.outcome?.$case !== 'split' || before?.outcome?.$case !== 'split') return serve;
  const split = splitFromStored(serve.outcome.value, before.outcome.value);
  return { ...serve, outcome: { $case: 'split', value: split } };
}

/** The same variants in the same order, by the same gate, without ranges of its own. */
function splitFromStored(split: Split, before: Split): Split {
  const drawn = split.entries.some((entry) => entry.ranges.length > 0);
  const sameEntries =
    split.entries.length === before.entries.length &&
    split.entries.every((entry, i) => entry.variant === before.entries[i]?.variant);
  if (drawn || !sameEntries || !sameGate(split.gate, before.gate)) return split;
  return {
    ...split,
    gate: before.gate,
    entries: split.entries.map((entry, i) => ({ ...entry, ranges: before.entries[i]?.ranges ?? [] })),
  };
}

/** A split that names no gate means the stored one. */
function sameGate(gate: Gate | undefined, before: Gate | undefined): boolean {
  if (gate === undefined || before === undefined) return gate === undefined;
  return Buffer.from(Gate.encode(gate).finish()).equals(Gate.encode(before).finish());
}

/** The engine answers proto JSON; only the splits are taken from it, the rest stays as it came. */
function takeSplits(config: FlagConfig, normalized: FlagConfigDefinition): FlagConfig {
  return {
    ...config,
    rules: config.rules.map((rule, i) => ({
      ...rule,
      serve: takeSplit(rule.serve, normalized.rules?.[i]?.serve?.split),
    })),
    fallthrough: takeSplit(config.fallthrough, normalized.fallthrough?.split),
  };
}

function takeSplit(serve: Serve | undefined, split: SplitDefinition | undefined): Serve | undefined {
  if (serve?.outcome?.$case !== 'split' || split === undefined) return serve;
  return { ...serve, outcome: { $case: 'split', value: Split.fromJSON(split) } };
}

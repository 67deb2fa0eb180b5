/**
 * A rollout as an edit of a configuration: one variant gets a share, the others
 * divide the rest as they divided it before. Stored ranges go back with the new
 * weights, so that the control plane moves the fewest users. Pure.
 */
import { didYouMean, fail } from '@flagstream/protocol';
import {
  type Flag,
  type FlagConfig,
  FlagKind,
  Serve,
  Split,
  SplitEntry,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { WHOLE_WEIGHT } from '../output/percent.ts';

export interface Rollout {
  /** Undefined: the variant with the value true. */
  readonly variant: string | undefined;
  /** Share of the variant in 1/100000. */
  readonly weight: number;
  /** Rule to edit; undefined: the fallthrough. */
  readonly ruleId: string | undefined;
}

/**
 * The configuration with the rollout.
 * @throws FlagstreamError INVALID_FIELD naming the option that does not fit the flag.
 */
export function editRollout(flag: Flag, config: FlagConfig, rollout: Rollout): FlagConfig {
  const variant = rolloutVariant(flag, rollout.variant);
  const edit = (serve: Serve | undefined): Serve => editServe(flag, config, serve, variant, rollout.weight);
  if (rollout.ruleId === undefined) return { ...config, fallthrough: edit(config.fallthrough) };
  const ids = config.rules.map((rule) => rule.id);
  if (!ids.includes(rollout.ruleId))
    throw refuse('--rule', `there is no rule ${JSON.stringify(rollout.ruleId)}`, rollout.ruleId, ids);
  return {
    ...config,
    rules: config.rules.map((rule) =>
      rule.id === rollout.ruleId ? { ...rule, serve: edit(rule.serve) } : rule,
    ),
  };
}

/** The serve that a rollout edits: the fallthrough's, or a rule's. */
export function servedBy(config: FlagConfig, ruleId: string | undefined): Serve | undefined {
  return ruleId === undefined ? config.fallthrough : config.rules.find((rule) => rule.id === ruleId)?.serve;
}

/** The variant that a person means without naming one: a boolean flag's true. */
export function rolloutVariant(flag: Flag, wanted: string | undefined): string {
  const keys = flag.variants.map((variant) => variant.key);
  if (wanted !== undefined) {
    if (keys.includes(wanted)) return wanted;
    throw refuse('--variant', `the flag has no variant ${JSON.stringify(wanted)}`, wanted, keys);
  }
  const on =
    flag.kind === FlagKind.BOOLEAN ? flag.variants.find((variant) => variant.value === true) : undefined;
  if (on === undefined) throw refuse('--variant', 'name the variant', '', keys);
  return on.key;
}

function editServe(
  flag: Flag,
  config: FlagConfig,
  serve: Serve | undefined,
  variant: string,
  weight: number,
): Serve {
  const before = serve ?? Serve.fromPartial({});
  const stored = before.outcome?.$case === 'split' ? before.outcome.value : undefined;
  const entries = stored?.entries ?? entriesOf(flag, config, before, variant);
  const present = entries.some((entry) => entry.variant === variant)
    ? entries
    : [...entries, newEntry(variant, 0)];
  const split = { ...(stored ?? Split.fromPartial({})), entries: withShare(present, variant, weight) };
  return { ...before, outcome: { $case: 'split', value: split } };
}

/** A split in which everybody still gets what they get now; the rolled-out variant comes first. */
function entriesOf(flag: Flag, config: FlagConfig, serve: Serve, variant: string): SplitEntry[] {
  const served = serve.outcome?.$case === 'variant' ? serve.outcome.value : undefined;
  const off = config.offVariant === '' ? flag.offVariant : config.offVariant;
  const others = flag.variants.map(({ key }) => key).filter((key) => key !== variant);
  const rest = [served, off, ...others].find((key) => key !== undefined && key !== '' && key !== variant);
  if (rest === undefined) return [newEntry(variant, WHOLE_WEIGHT)];
  const now = served === variant ? WHOLE_WEIGHT : 0;
  return [newEntry(variant, now), newEntry(rest, WHOLE_WEIGHT - now)];
}

function newEntry(variant: string, weight: number): SplitEntry {
  return SplitEntry.fromPartial({ variant, weight });
}

/** The variant's entry gets `weight`; the others share the rest in their present proportion. */
function withShare(entries: readonly SplitEntry[], variant: string, weight: number): SplitEntry[] {
  const chosen = entries.findIndex((entry) => entry.variant === variant);
  const others = entries.filter((_, i) => i !== chosen);
  if (others.length === 0 && weight !== WHOLE_WEIGHT)
    throw refuse('--variant', 'the flag has no other variant for the rest', variant, []);
  const shares = apportion(
    WHOLE_WEIGHT - weight,
    others.map((entry) => entry.weight),
  );
  let next = 0;
  return entries.map((entry, i) => ({ ...entry, weight: i === chosen ? weight : shares[next++]! }));
}

/** Whole numbers that add up to `total`, in proportion to `weights` (largest remainders); all to the first if all are 0. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map((_, i) => (i === 0 ? total : 0));
  const exact = weights.map((weight) => (total * weight) / sum);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((a, b) => a + b, 0);
  const byRemainder = exact
    .map((share, i) => ({ i, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, missing)) shares[i]! += 1;
  return shares;
}

function refuse(field: string, what: string, word: string, allowed: readonly string[]): Error {
  const known =
    allowed.length === 0 ? '' : `; there ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ')}`;
  const description = `${what}${known}${word === '' ? '' : didYouMean(word, allowed)}`;
  return fail('INVALID_FIELD', `${field}: ${description}`, { fields: [{ field, description }] });
}

/**
 * The stored form of an entity, less what the written form leaves to the
 * control plane: ranges beside weights, what gates leave to defaults, rule ids,
 * keys of variants, the variants of a boolean flag. So a plan shows what a
 * person has changed and nothing else. Pure.
 */
import {
  type ConditionDefinition,
  type FlagConfigDefinition,
  normalizeConfig,
  normalizeSegmentCondition,
} from '@flagstream/engine';
import {
  Condition,
  type Flag,
  FlagConfig,
  FlagKind,
  type Segment,
  type Serve,
  type Split,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { type Json, sameJson } from './field-paths.ts';

export function flagAsAuthored(stored: Flag, written: Flag): Flag {
  const variants = stored.variants.map((variant, i) =>
    written.variants[i]?.key === '' && variant.key === String(i) ? { ...variant, key: '' } : variant,
  );
  if (variants.length === written.variants.length) return { ...stored, variants };
  const leftOut = written.kind === FlagKind.BOOLEAN && written.variants.length === 0;
  if (!leftOut) return stored;
  return { ...stored, variants: [], offVariant: written.offVariant === '' ? '' : stored.offVariant };
}

export function configAsAuthored(key: string, stored: FlagConfig, written: FlagConfig): FlagConfig {
  const completed = FlagConfig.fromJSON(
    normalizeConfig(key, FlagConfig.toJSON(written) as FlagConfigDefinition).config,
  );
  return whereComplete(drawnAsWritten(stored, written), drawnAsWritten(completed, written), written);
}

export function segmentAsAuthored(key: string, stored: Segment, written: Segment): Segment {
  if (written.condition === undefined) return stored;
  const condition = Condition.toJSON(written.condition) as ConditionDefinition;
  const completed = {
    ...written,
    condition: Condition.fromJSON(normalizeSegmentCondition(key, condition)),
  };
  return whereComplete(stored, completed, written);
}

/** The stored value, but the written one wherever completing that gives the stored one. */
function whereComplete<T>(stored: T, completed: T, written: T): T {
  // Messages hold what JSON holds, and absent fields.
  if (sameJson(stored as Json, completed as Json)) return written;
  if (!isComposite(stored) || !isComposite(completed) || !isComposite(written)) return stored;
  const inner = Object.entries(stored).map(([name, value]) => {
    const [whole, own] = [completed, written].map((form) => (form as Record<string, unknown>)[name]);
    return [name, whereComplete<unknown>(value, whole, own)];
  });
  if (!Array.isArray(stored)) return Object.fromEntries(inner) as T;
  return inner.map(([, value]) => value) as T;
}

function isComposite(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function drawnAsWritten(stored: FlagConfig, written: FlagConfig): FlagConfig {
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
    entries: stored.entries.map((entry) => ({
      ...entry,
      ranges: drawn ? entry.ranges : [],
      weight: weighted ? entry.weight : 0,
    })),
  };
}

/**
 * Compares the evaluator's answers with those of flagd's own engine, which is fed by what we export; and with those of a
 * flagd server, as the engine's JSONLogic has them. Text of the contexts is ASCII, and no list holds lists or objects
 * where the server is asked: the known differences stand in agreement.test.ts.
 */
import { applyJsonLogic, compileSet, type Evaluation, type JsonObject } from '@flagstream/engine';
import { FlagdCore, type FlagdCoreOptions } from '@openfeature/flagd-core';
import fc from 'fast-check';
import type { FlagdFlag } from './export-flag.ts';
import { FlagdExport } from './export-flagd.ts';
import { contexts, instants } from './random-contexts.fixture.ts';
import { environments, type RandomEnvironment } from './random-flags.fixture.ts';
import type { WithheldFlag } from './withheld.ts';

/** What a client is given: a variant and its value, or its own default. */
export type Given = { readonly variant: string; readonly value: unknown } | undefined;

interface Disagreement {
  readonly engine: 'node' | 'server';
  readonly flagKey: string;
  readonly ours: Given;
  readonly theirs: Given;
  readonly context: JsonObject;
  readonly nowMs: number;
}

interface ComparedEnvironment {
  readonly flags: number;
  readonly withheld: readonly WithheldFlag[];
  /** What flagd's schema says against the document. */
  readonly violations: readonly string[];
  readonly disagreements: readonly Disagreement[];
  readonly comparisons: number;
}

const NOTHING = (): void => undefined;

export class Compared {
  readonly document: string;
  readonly withheld: readonly WithheldFlag[];
  readonly violations: string[] = [];
  readonly keys: readonly string[];
  readonly #set: ReturnType<typeof compileSet>['set'];
  readonly #core: FlagdCore;
  readonly #logger = {
    debug: (message: string): void => {
      if (message.includes('invalid flagd flag configuration')) this.violations.push(message);
    },
    warn: NOTHING,
    info: NOTHING,
    error: NOTHING,
  };

  constructor({ flags, segments }: RandomEnvironment, options: FlagdCoreOptions = {}) {
    const { set, problems } = compileSet(flags, segments);
    if (problems.length > 0) throw new Error(`does not compile: ${JSON.stringify(problems)}`);
    const [byKey, segmentsByKey] = [
      new Map(flags.map((unit) => [unit.key, unit])),
      new Map(segments.map((unit) => [unit.key, unit])),
    ];
    const exported = new FlagdExport();
    exported.update(
      { flag: (key) => byKey.get(key), segment: (key) => segmentsByKey.get(key), flags: () => flags },
      undefined,
    );
    const sent = [...exported.flags.values()].flatMap((flag) => (flag.outcome === 'exported' ? [flag] : []));
    this.keys = sent.map(({ flagKey }) => flagKey);
    this.document = `{"flags":{${sent.map(({ flagKey, json }) => `${JSON.stringify(flagKey)}:${json}`).join()}}}`;
    this.withheld = [...exported.flags.values()].flatMap((flag) =>
      flag.outcome === 'withheld' ? [flag] : [],
    );
    this.#set = set;
    this.#core = new FlagdCore(undefined, this.#logger, options);
    this.#core.setConfigurations(this.document);
  }

  ours(flagKey: string, context: JsonObject, nowMs: number): Given {
    return givenOf(this.#set.evaluate(flagKey, context, nowMs));
  }

  /** flagd-core reads the process's clock, which the test sets. */
  node(flagKey: string, context: JsonObject): Given {
    const flag = this.#core.getFlag(flagKey);
    if (flag === undefined || flag.state === 'DISABLED') return undefined;
    const { reason, variant, value } = flag.evaluate(context as never, this.#logger);
    return reason === 'ERROR' || variant === undefined ? undefined : { variant, value };
  }

  server(flagKey: string, context: JsonObject, nowMs: number): Given {
    const { flags } = JSON.parse(this.document) as { flags: Record<string, FlagdFlag> };
    const { state, variants, defaultVariant, targeting } = flags[flagKey]!;
    if (state === 'DISABLED') return undefined;
    const outcome =
      targeting === undefined
        ? ({ kind: 'value', value: null } as const)
        : applyJsonLogic(targeting, context, { flagKey, nowMs });
    if (outcome.kind !== 'value') return undefined;
    const variant = outcome.value === null ? defaultVariant : String(outcome.value);
    return Object.hasOwn(variants, variant) ? { variant, value: variants[variant] } : undefined;
  }
}

function givenOf({ variant, value }: Evaluation): Given {
  return variant === undefined ? undefined : { variant, value };
}

export const same = (a: Given, b: Given): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @param setClock makes the process's clock stand at an instant */
function compare(
  environment: RandomEnvironment,
  situations: readonly (readonly [context: JsonObject, nowMs: number])[],
  setClock: (nowMs: number) => void,
): ComparedEnvironment {
  const compared = new Compared(environment);
  const disagreements: Disagreement[] = [];
  let comparisons = 0;
  for (const [given, nowMs] of situations) {
    setClock(nowMs);
    const context = JSON.parse(JSON.stringify(given)) as JsonObject;
    for (const flagKey of compared.keys) {
      comparisons += 1;
      const ours = compared.ours(flagKey, context, nowMs);
      const node = compared.node(flagKey, context);
      if (!same(ours, node))
        disagreements.push({ engine: 'node', flagKey, ours, theirs: node, context, nowMs });
      if (!isReadAlikeByServers(context)) continue;
      const server = compared.server(flagKey, context, nowMs);
      if (!same(ours, server))
        disagreements.push({ engine: 'server', flagKey, ours, theirs: server, context, nowMs });
    }
  }
  const { withheld, violations } = compared;
  return { flags: environment.flags.length, withheld, violations, disagreements, comparisons };
}

/** Lists inside lists, blanks at the ends of joined text, and the text of very large and small numbers. */
export function isReadAlikeByServers(context: JsonObject): boolean {
  return !/\[[^\]]*[[{]|" x "|\de[+-]/.test(JSON.stringify(context));
}

export interface Agreement {
  readonly flags: number;
  readonly withheld: number;
  readonly comparisons: number;
}

const FLAGS_PER_ENVIRONMENT = 4;
export const CONTEXTS_PER_FLAG = 20;
/** Of all flags. */
export const WITHHELD_MAX = 0.1;

/** Over so many random flags, and contexts of each. Fails where anything differs, or the schema is broken. */
export function agreementOver(flags: number, seed: number, setClock: (nowMs: number) => void): Agreement {
  const all: ComparedEnvironment[] = [];
  const situations = fc.array(fc.tuple(contexts, instants), {
    minLength: CONTEXTS_PER_FLAG,
    maxLength: CONTEXTS_PER_FLAG,
  });
  fc.assert(
    fc.property(environments, situations, (environment, given) => {
      const compared = compare(environment, given, setClock);
      const { violations, disagreements } = compared;
      if (violations.length > 0 || disagreements.length > 0)
        throw new Error(JSON.stringify({ violations, disagreements }));
      all.push(compared);
    }),
    { numRuns: flags / FLAGS_PER_ENVIRONMENT, seed },
  );
  const sum = (of: (one: ComparedEnvironment) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return {
    flags: sum((one) => one.flags),
    withheld: sum(({ withheld }) => withheld.length),
    comparisons: sum((one) => one.comparisons),
  };
}

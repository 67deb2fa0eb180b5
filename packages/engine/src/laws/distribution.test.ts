import { describe, expect, test } from 'vitest';
import { setOf } from '../definitions.fixture.ts';
import type {
  FlagConfigDefinition,
  FlagDefinition,
  GateMatchDefinition,
  JsonValue,
  SplitDefinition,
} from '../model.ts';
import type { CompiledSet } from '../set/compiled-set.ts';
import { FIGURE, LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { binomialDeviations, chiSquareDeviations, DEVIATIONS_MAX, dependence } from './statistics.fixture.ts';

const WHOLE = 100_000;
const SUBJECTS = sized(100_000, 1_000_000);

/** Ids as applications have them. All are distinct. */
const ID_FORMS: Readonly<Record<string, (index: number) => JsonValue>> = {
  'numbered text': (index) => `user-${index}`,
  numbers: (index) => index,
  'hexadecimal text': (index) => `${Math.imul(index, 0x9e3779b1) >>> 0}`.padStart(12, '0'),
  'mail addresses': (index) => `some.body+${index.toString(36)}@example.org`,
};
const numbered = ID_FORMS['numbered text']!;

function flagWith(variants: readonly string[]): FlagDefinition {
  return { kind: 'FLAG_KIND_STRING', variants: variants.map((key) => ({ key, value: key })) };
}

const HALVES: SplitDefinition = {
  entries: [
    { variant: 'a', weight: WHOLE / 2 },
    { variant: 'b', weight: WHOLE / 2 },
  ],
};

function setWith(configs: Readonly<Record<string, FlagConfigDefinition>>): CompiledSet {
  const flag = flagWith(['a', 'b', 'c']);
  return setOf(
    Object.entries(configs).map(([key, config]) => ({ key, flag, config: { enabled: true, ...config } })),
  );
}

/** Subjects by what several questions answer about each: counts by row and column. */
function tableOf(
  rows: number,
  columns: number,
  place: (context: { targetingKey: string }) => readonly [number, number],
): number[][] {
  const table = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (let index = 0; index < SUBJECTS; index += 1) {
    const [row, column] = place({ targetingKey: `user-${index}` });
    table[row]![column]! += 1;
  }
  return table;
}

/** For each subject, whether the flag answers "a". */
function answersA(set: CompiledSet, key: string): readonly boolean[] {
  return Array.from(
    { length: SUBJECTS },
    (_, index) => set.evaluate(key, { targetingKey: `user-${index}` }, 0).variant === 'a',
  );
}

/** The greatest dependence among all pairs, in standard deviations, and how many pairs there are. */
function mostDependent(questions: readonly (readonly boolean[])[]): { pairs: number; deviations: number } {
  const found = questions.flatMap((one, index) =>
    questions.slice(index + 1).map((other) => {
      const table = [
        [0, 0],
        [0, 0],
      ];
      for (let subject = 0; subject < SUBJECTS; subject += 1)
        table[Number(one[subject])]![Number(other[subject])]! += 1;
      return dependence(table);
    }),
  );
  return { pairs: found.length, deviations: Math.max(...found) };
}

function sigma(deviations: number): string {
  return `${deviations >= 0 ? '+' : ''}${deviations.toFixed(2)} sigma`;
}

describe(`among ${SUBJECTS} subjects`, { timeout: LAW_TIMEOUT_MS }, () => {
  test.for<[string, readonly number[]]>([
    ['checkout', [50_000, 50_000]],
    ['search', [10_000, 90_000]],
    ['banner', [1_000, 99_000]],
    ['x', [100, 99_900]],
    ['a-key-of-many-characters.with-dots.and_underscores', [33_333, 33_333, 33_334]],
    ['unequal', [5_000, 15_000, 30_000, 50_000]],
    ['twenty', new Array<number>(20).fill(5_000)],
  ])('the split of %s serves each variant by its weight: %j', async ([key, weights], { annotate }) => {
    const variants = weights.map((_, index) => `v${index}`);
    const entries = weights.map((weight, index) => ({ variant: variants[index]!, weight }));
    const config = { enabled: true, fallthrough: { split: { entries } } };
    const set = setOf([{ key, flag: flagWith(variants), config }]);
    const counts = new Map(variants.map((variant) => [variant, 0]));
    for (let index = 0; index < SUBJECTS; index += 1) {
      const { variant } = set.evaluate(key, { targetingKey: numbered(index) }, 0);
      counts.set(variant!, counts.get(variant!)! + 1);
    }
    const observed = [...counts.values()];
    expect(observed).toHaveLength(weights.length);
    const single = observed.map((count, index) =>
      binomialDeviations(count, SUBJECTS, weights[index]! / WHOLE),
    );
    const together = chiSquareDeviations(
      observed,
      weights.map((weight) => (weight / WHOLE) * SUBJECTS),
    );
    const farthest = Math.max(...single.map(Math.abs));
    expect(farthest).toBeLessThan(DEVIATIONS_MAX);
    expect(Math.abs(together)).toBeLessThan(DEVIATIONS_MAX);
    const shown = weights.length > 4 ? `${weights.length} equal weights` : weights.join('/');
    await annotate(
      `split of "${key}", ${shown}: farthest variant ${farthest.toFixed(2)} sigma, chi-square ${sigma(together)}`,
      FIGURE,
    );
  });

  test.for(Object.keys(ID_FORMS))(
    'the numbers of %s are spread evenly over 100 ranges',
    async (form, { annotate }) => {
      const variants = Array.from({ length: 100 }, (_, index) => `v${index}`);
      const entries = variants.map((variant) => ({ variant, weight: 1_000 }));
      const config = { enabled: true, fallthrough: { split: { entries } } };
      const set = setOf([{ key: 'even', flag: flagWith(variants), config }]);
      const counts = new Map(variants.map((variant) => [variant, 0]));
      for (let index = 0; index < SUBJECTS; index += 1) {
        const { variant } = set.evaluate('even', { targetingKey: ID_FORMS[form]!(index) }, 0);
        counts.set(variant!, counts.get(variant!)! + 1);
      }
      const deviations = chiSquareDeviations(
        [...counts.values()],
        new Array<number>(100).fill(SUBJECTS / 100),
      );
      expect(Math.abs(deviations)).toBeLessThan(DEVIATIONS_MAX);
      await annotate(`100 ranges of 1 %, ids are ${form}: chi-square ${sigma(deviations)}`, FIGURE);
    },
  );

  test('the splits of different flags are independent of each other', async ({ annotate }) => {
    const keys = ['one', 'two', 'one.two', 'on'];
    const set = setWith(Object.fromEntries(keys.map((key) => [key, { fallthrough: { split: HALVES } }])));
    const { pairs, deviations } = mostDependent(keys.map((key) => answersA(set, key)));
    expect(deviations).toBeLessThan(DEVIATIONS_MAX);
    await annotate(`${pairs} pairs of flags at 50/50: most dependent pair ${sigma(deviations)}`, FIGURE);
  });

  test('the gates of one flag are independent of each other, whatever they decide', async ({ annotate }) => {
    const half: GateMatchDefinition = { ranges: [{ to: WHOLE / 2 }] };
    const all = { entries: [{ variant: 'a', weight: WHOLE }] };
    const roles: readonly FlagConfigDefinition[] = [
      { fallthrough: { split: HALVES } },
      { fallthrough: { split: { ...all, traffic: [half] } } },
      { fallthrough: { split: { entries: [{ variant: 'a', alsoAlone: true, also: [half] }] } } },
      { rules: [{ id: 'r', condition: { gate: half }, serve: { variant: 'a' } }] },
      { holdouts: [{ id: 'h', subjects: half, variant: 'a' }] },
    ];
    const { pairs, deviations } = mostDependent(
      roles.map((config) => answersA(setWith({ one: config }), 'one')),
    );
    expect(deviations).toBeLessThan(DEVIATIONS_MAX);
    await annotate(
      `${pairs} pairs of gates of one flag (split, traffic, further gate, condition, holdout): most dependent pair ${sigma(deviations)}`,
      FIGURE,
    );
  });

  test('traffic takes its share, and says nothing about the variant', async ({ annotate }) => {
    const entries = [
      { variant: 'a', weight: 20_000 },
      { variant: 'b', weight: 30_000 },
      { variant: 'c', weight: 50_000 },
    ];
    const traffic: GateMatchDefinition[] = [{ ranges: [{ to: 30_000 }] }];
    const set = setWith({
      limited: { fallthrough: { split: { entries, traffic } } },
      open: { fallthrough: { split: { gate: { prefix: 'limited.' }, entries } } },
    });
    let differing = 0;
    const table = tableOf(2, 3, (context) => {
      const { variant } = set.evaluate('open', context, 0);
      const limited = set.evaluate('limited', context, 0).variant;
      if (limited !== undefined && limited !== variant) differing += 1;
      return [limited === undefined ? 0 : 1, ['a', 'b', 'c'].indexOf(variant!)];
    });
    expect(differing).toBe(0);
    const inside = table[1]!.reduce((sum, count) => sum + count, 0);
    const share = binomialDeviations(inside, SUBJECTS, 0.3);
    const linked = dependence(table);
    expect(Math.abs(share)).toBeLessThan(DEVIATIONS_MAX);
    expect(linked).toBeLessThan(DEVIATIONS_MAX);
    await annotate(
      `traffic of 30 %: ${sigma(share)}; traffic against 3 variants: dependence ${sigma(linked)}`,
      FIGURE,
    );
  });

  test('a holdout of a group holds the same subjects out of all its flags, whatever their variants', async ({
    annotate,
  }) => {
    const holdouts = [{ id: 'h', variant: 'c', subjects: { group: 'holdout', ranges: [{ to: 10_000 }] } }];
    const held = { holdouts, fallthrough: { split: HALVES } };
    const seeded = { ...HALVES, gate: { prefix: 'one.' } };
    const set = setWith({ one: held, two: held, free: { fallthrough: { split: seeded } } });
    let differing = 0;
    const table = tableOf(2, 2, (context) => {
      const one = set.evaluate('one', context, 0);
      const free = set.evaluate('free', context, 0).variant;
      if (set.evaluate('two', context, 0).ruleId !== one.ruleId) differing += 1;
      if (one.ruleId === '' && one.variant !== free) differing += 1;
      return [one.ruleId === 'h' ? 1 : 0, free === 'a' ? 0 : 1];
    });
    expect(differing).toBe(0);
    const share = binomialDeviations(table[1]![0]! + table[1]![1]!, SUBJECTS, 0.1);
    const linked = dependence(table);
    expect(Math.abs(share)).toBeLessThan(DEVIATIONS_MAX);
    expect(linked).toBeLessThan(DEVIATIONS_MAX);
    await annotate(
      `holdout of 10 %: ${sigma(share)}, the same subjects in both flags; against 2 variants: dependence ${sigma(linked)}`,
      FIGURE,
    );
  });

  test('disjoint ranges of one group exclude each other, and together hold everybody', async ({
    annotate,
  }) => {
    const share = (from: number, to: number): FlagConfigDefinition => ({
      fallthrough: { split: { ...HALVES, traffic: [{ group: 'exclusive', ranges: [{ from, to }] }] } },
    });
    const set = setWith({
      first: share(0, 20_000),
      second: share(20_000, 50_000),
      third: share(50_000, WHOLE),
    });
    const keys = ['first', 'second', 'third'];
    const counts = [0, 0, 0];
    let elsewhere = 0;
    for (let index = 0; index < SUBJECTS; index += 1) {
      const context = { targetingKey: numbered(index) };
      const inside = keys.filter((key) => set.evaluate(key, context, 0).variant !== undefined);
      if (inside.length === 1) counts[keys.indexOf(inside[0]!)]! += 1;
      else elsewhere += 1;
    }
    expect(elsewhere).toBe(0);
    const deviations = chiSquareDeviations(counts, [0.2 * SUBJECTS, 0.3 * SUBJECTS, 0.5 * SUBJECTS]);
    expect(Math.abs(deviations)).toBeLessThan(DEVIATIONS_MAX);
    await annotate(`exclusion group of 20/30/50 %: nobody in two, chi-square ${sigma(deviations)}`, FIGURE);
  });
});

// The checker of histories, checked: it finds nothing in histories that keep every promise, and each rule finds
// what breaks it, where the five others may see nothing.

import { describe, expect, test } from 'vitest';
import { checkHistory, RULES } from './check-history.ts';
import { HISTORY_MUTANTS } from './history-mutants.fixture.ts';
import { randomHistory, seeded } from './random-history.fixture.ts';

const SEEDS = Array.from({ length: 100 }, (_, i) => i + 1);
const histories = SEEDS.map((seed) => ({ seed, history: randomHistory(seed) }));

test('finds nothing in histories that keep every promise', () => {
  let operations = 0;
  for (const { seed, history } of histories) {
    const judgement = checkHistory(history);
    operations += judgement.operations;
    expect(judgement.violations, `seed ${seed}`).toEqual([]);
  }
  process.stdout.write(
    `history checker: ${operations} operations of ${SEEDS.length} histories, 0 violations\n`,
  );
});

test('an empty history breaks nothing', () => {
  expect(checkHistory({ log: [], writes: [], reads: [] })).toEqual({ operations: 0, violations: [] });
});

describe('notices, each time it is possible', () => {
  for (const mutant of HISTORY_MUTANTS) {
    test(`${mutant.rule}: ${mutant.name}`, () => {
      let spoilt = 0;
      for (const { seed, history } of histories) {
        const broken = mutant.spoil(history, seeded(seed));
        if (broken === undefined) continue;
        spoilt += 1;
        const rules = checkHistory(broken).violations.map(({ rule }) => rule);
        expect(rules, `seed ${seed}`).toContain(mutant.rule);
      }
      expect(spoilt).toBeGreaterThan(SEEDS.length / 4);
    });
  }
});

test('no rule could be left out: each is the only one to notice some broken history', () => {
  const alone = new Set<string>();
  for (const mutant of HISTORY_MUTANTS) {
    for (const { seed, history } of histories) {
      const broken = mutant.spoil(history, seeded(seed));
      if (broken === undefined) continue;
      const rules = new Set(checkHistory(broken).violations.map(({ rule }) => rule));
      if (rules.size === 1) for (const rule of rules) alone.add(rule);
    }
  }
  expect([...alone].sort()).toEqual(RULES.map(({ name }) => name).sort());
  process.stdout.write(
    `history checker: ${HISTORY_MUTANTS.length} mutants of ${RULES.length} rules killed\n`,
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import { evaluateFlag } from '../evaluate-flag.ts';
import type { ExplanationStep } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { JsonObject } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';
import type { LinkedSet } from '../set/compiled-set.ts';
import { linkTarget } from '../set/set-state.ts';
import { Walk } from '../walk.ts';
import { contexts } from './contexts.fixture.ts';
import { CountedContext } from './counted-context.fixture.ts';
import { FIGURE, LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { HOSTILE_CONTEXTS } from './hostile-contexts.fixture.ts';
import { tameSets, type Units } from './tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from './vocabulary.fixture.ts';
import { complaintAbout } from './well-formed.fixture.ts';
import { wildFlags, wildSegments } from './wild-definitions.fixture.ts';

const DEFINITIONS = sized(240, 10_000);
const CONTEXTS_EACH = 100;
/** Random contexts are made once; each set gets a hundred neighbours. */
const POOL = fc.sample(contexts, { numRuns: sized(500, 5_000), seed: 20_261_125 });

function replaced<Unit extends { readonly key: string }>(
  units: readonly Unit[],
  by: readonly Unit[],
): Unit[] {
  return [...new Map([...units, ...by].map((unit) => [unit.key, unit])).values()];
}

/** Definitions that compile, with wild ones in the place of some. */
const mixedSets: fc.Arbitrary<Units> = fc
  .tuple(tameSets, fc.array(wildFlags, { maxLength: 2 }), fc.array(wildSegments, { maxLength: 1 }))
  .map(([{ flags, segments }, wild, wildest]) => ({
    flags: replaced(flags, wild),
    segments: replaced(segments, wildest),
  }));

/** Steps that a step of an explanation stands for, as compile counts them; the rest counts with what holds it. */
function stepsOf({ kind, path }: ExplanationStep): number {
  switch (kind) {
    case 'gate':
      return 5;
    case 'flag':
    case 'rule':
    case 'segment':
      return 1;
    case 'condition':
      return /(^|\.)(window|included|excluded)$/.test(path) ? 0 : 1;
    default:
      return 0;
  }
}

/** Looks at a context per step: the parts of a path and of a context's kind, and the items of a list. */
const READS_PER_STEP_MAX = 50;

describe('an evaluation', { timeout: LAW_TIMEOUT_MS }, () => {
  test(`of any definition and any context never throws, answers well, and stays within its budget`, async ({
    annotate,
  }) => {
    let definitions = 0;
    let compiled = 0;
    let evaluations = 0;
    let busiest = 0;
    let readsPerStep = 0;
    const slowest = new Slowest();
    fc.assert(
      fc.property(mixedSets, fc.nat(POOL.length), nows, (units, offset, nowMs) => {
        const { set, problems } = compileSet(units.flags, units.segments);
        const refused = new Set(problems.map((problem) => problem.key));
        const { state } = set as LinkedSet;
        const walk = new Walk(set as LinkedSet);
        const complaints: string[] = [];
        for (const unit of units.flags) {
          definitions += 1;
          if (!set.has(unit.key)) {
            expect(refused.has(unit.key) || Boolean(unit.flag.archiveTime)).toBe(true);
            expect(set.evaluate(unit.key, {}, nowMs).errorCode).toBe('FLAG_NOT_FOUND');
            continue;
          }
          compiled += 1;
          const { live, steps: bound } = linkTarget(state.flags, unit.key)!;
          expect(bound).toBeLessThanOrEqual(LIMITS.evaluationSteps);
          for (let index = 0; index < CONTEXTS_EACH; index += 1) {
            const context = POOL[(offset + index) % POOL.length]!;
            const startMs = performance.now();
            const answer = set.evaluate(unit.key, context, nowMs);
            slowest.add(performance.now() - startMs);
            evaluations += 1;
            const complaint = complaintAbout(answer, unit) ?? internalError(answer.errorMessage);
            if (complaint !== undefined) complaints.push(`${unit.key} ${complaint}`);
            if (index % 10 !== 0) continue;
            let steps = 0;
            set.evaluate(unit.key, context, nowMs, { step: (step) => (steps += stepsOf(step)) });
            const counted = new CountedContext(context);
            walk.begin(counted.context, nowMs, undefined);
            const again = evaluateFlag(live!, walk);
            if (again.reason !== answer.reason || again.variant !== answer.variant)
              complaints.push(`${unit.key} answers otherwise when it is counted`);
            busiest = Math.max(busiest, steps + walk.steps);
            readsPerStep = Math.max(readsPerStep, counted.reads / (bound + walk.steps));
            if (steps > bound) complaints.push(`${unit.key} took ${steps} steps, not ${bound}`);
            if (counted.reads > READS_PER_STEP_MAX * (bound + walk.steps))
              complaints.push(`${unit.key} read ${counted.reads} times in ${bound} + ${walk.steps} steps`);
          }
        }
        expect(complaints).toEqual([]);
      }),
      { numRuns: DEFINITIONS / FLAG_KEYS.length },
    );
    expect(compiled).toBeGreaterThan(definitions / 3);
    await annotate(
      `${definitions} random flags (${compiled} compiled) x ${CONTEXTS_EACH} contexts = ${evaluations} evaluations: 0 throws, 0 malformed, 0 over budget; busiest ${busiest} steps of ${LIMITS.evaluationSteps}, at most ${readsPerStep.toFixed(1)} reads of the context per step`,
      FIGURE,
    );
    await annotate(`${slowest.report()} (not asserted; pauses of the collector included)`, FIGURE);
  });

  test.for([...HOSTILE_CONTEXTS])(
    'of a context that is hostile never throws: %s',
    async ([, hostile], { annotate }) => {
      const { context, throws } = hostile;
      const slowest = new Slowest();
      fc.assert(
        fc.property(tameSets, nows, (units, nowMs) => {
          const set = setOf(units.flags, units.segments);
          const complaints = units.flags.flatMap((unit) => {
            const startMs = performance.now();
            const answer = set.evaluate(unit.key, context, nowMs);
            slowest.add(performance.now() - startMs);
            const explained = set.evaluate(unit.key, context, nowMs, { step: () => undefined });
            return [
              complaintAbout(answer, unit) ?? [],
              complaintAbout(explained, unit) ?? [],
              throws ? [] : (internalError(answer.errorMessage) ?? []),
              answer.variant === explained.variant ? [] : 'answers otherwise when it is explained',
            ].flat();
          });
          expect(complaints).toEqual([]);
        }),
        { numRuns: sized(8, 100) },
      );
      await annotate(slowest.report(), FIGURE);
    },
  );

  test.each([[null], [undefined], ['text'], [[]], [7]])(
    'of %j in place of a context answers INVALID_CONTEXT',
    (context) => {
      const set = setOf([switchUnit('f', { enabled: true, fallthrough: { variant: 'on' } })]);
      expect(set.evaluate('f', context as unknown as JsonObject, 0).errorCode).toBe('INVALID_CONTEXT');
    },
  );
});

/** An exception of the engine's own, which is told but must not be. */
function internalError(message: string | undefined): string | undefined {
  return message?.startsWith('The evaluation failed') ? message : undefined;
}

/** Wall times of single evaluations. */
class Slowest {
  #count = 0;
  #slow = 0;
  #longestMs = 0;

  add(tookMs: number): void {
    this.#count += 1;
    if (tookMs > 1) this.#slow += 1;
    if (tookMs > this.#longestMs) this.#longestMs = tookMs;
  }

  report(): string {
    return `${this.#slow} of ${this.#count} evaluations took more than 1 ms, the slowest ${this.#longestMs.toFixed(1)} ms`;
  }
}

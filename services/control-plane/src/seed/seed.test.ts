import type { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { Workbench } from '../workbench.fixture.ts';
import { seed } from './seed.ts';

const SCOPE = { project: 'default', environment: 'development' };
const sow = (bench: Workbench, kind: 'default' | 'demo'): void =>
  seed(bench.store, bench.writes, kind, SCOPE);
const count = (bench: Workbench, kind: 2 | 3 | 4): number =>
  bench.store.entities({ kind, project: 'default', limit: 100 }).length;

describe('seed', () => {
  it('gives a new log its project and environment, and the demo its flags', () => {
    const bench = new Workbench();
    sow(bench, 'default');
    expect([count(bench, 2), count(bench, 3)]).toEqual([1, 0]);
    sow(bench, 'demo');
    expect(count(bench, 2)).toBe(2);
    expect(count(bench, 3)).toBeGreaterThan(5);
    expect(count(bench, 4)).toBeGreaterThan(count(bench, 3));
  });

  it('is sown once, and spares what people have made', () => {
    const bench = new Workbench();
    sow(bench, 'default');
    const name = 'projects/default/flags/new-checkout';
    bench.apply([{ flag: { name, kind: 'FLAG_KIND_BOOLEAN', description: 'ours' } }]);
    sow(bench, 'demo');
    const { description } = bench.reads.get<Flag>(ENTITY_KIND.flag, name, 0n).message;
    expect(description).toBe('ours');
    const before = bench.fingerprint();
    bench.apply([{ flag: { name, kind: 'FLAG_KIND_BOOLEAN', description: 'changed' } }], { comment: 'c' });
    sow(bench, 'demo');
    expect(bench.head.revision).toBe(Number(before.split(' ')[0]) + 1);
  });
});

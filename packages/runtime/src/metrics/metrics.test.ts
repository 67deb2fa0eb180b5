import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

it('reads counters that live elsewhere at each scrape, under the prefix', async () => {
  const metrics = new Metrics();
  let failures = 1;
  const reasons = new Map([['timeout', 2]]);
  metrics.counted('failures_total', 'What failed.', () => failures);
  metrics.countedBy('reason', 'ends_total', 'What ended.', () => [...reasons]);
  expect(await metrics.text()).toBe(
    [
      '# HELP flagstream_failures_total What failed.',
      '# TYPE flagstream_failures_total counter',
      'flagstream_failures_total 1',
      '',
      '# HELP flagstream_ends_total What ended.',
      '# TYPE flagstream_ends_total counter',
      'flagstream_ends_total{reason="timeout"} 2',
      '',
    ].join('\n'),
  );
  failures = 3;
  reasons.set('bye', 1);
  expect((await metrics.text()).split('\n').filter((line) => !line.startsWith('#') && line !== '')).toEqual([
    'flagstream_failures_total 3',
    'flagstream_ends_total{reason="timeout"} 2',
    'flagstream_ends_total{reason="bye"} 1',
  ]);
});

it('tells of the process what costs the same with any number of connections', async () => {
  const metrics = new Metrics({ process: true });
  const names = metrics.registry.getMetricsAsArray().map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']),
  );
  expect(names.filter((name) => /handles|requests|resources|_fds$/.test(name))).toEqual(['process_max_fds']);
});

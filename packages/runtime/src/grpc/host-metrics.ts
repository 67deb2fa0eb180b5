/**
 * What the gRPC hosts of a process tell of themselves, under one name each: a process has several ports, and numbers of
 * a service do not depend on which one it is behind.
 */
import type { Counter } from 'prom-client';
import type { Metrics } from '../metrics/metrics.ts';
import { CallMetrics } from './call-metrics.ts';

/** Numbers of one host, read when somebody scrapes. */
export interface HostNumbers {
  readonly connections: () => number;
  readonly openStreams: () => number;
  /** Unary calls refused unread, by why. */
  readonly shed: () => Readonly<Record<string, number>>;
  /** Times that connections took turns. */
  readonly rounds: () => number;
}

export class HostMetrics {
  static readonly #made = new WeakMap<Metrics, HostMetrics>();

  /** The same for all hosts that have the same metrics. */
  static of(metrics: Metrics): HostMetrics {
    let made = HostMetrics.#made.get(metrics);
    if (made === undefined) {
      made = new HostMetrics(metrics);
      HostMetrics.#made.set(metrics, made);
    }
    return made;
  }

  readonly calls: CallMetrics;
  readonly cuts: Counter;
  readonly #hosts: HostNumbers[] = [];

  private constructor(metrics: Metrics) {
    this.calls = new CallMetrics(metrics);
    this.cuts = metrics.counter(
      'silent_connections_total',
      'gRPC connections cut: nothing came from their peer any more, not even answers to pings.',
      [],
    );
    const sum = (read: (host: HostNumbers) => number): number =>
      this.#hosts.reduce((total, host) => total + read(host), 0);
    metrics.gauge('grpc_connections', 'Open connections at the front door.', [], (gauge) =>
      gauge.set(sum(({ connections }) => connections())),
    );
    metrics.countedBy('why', 'calls_shed_total', 'Unary calls refused unread: this process was late.', () =>
      this.#shed(),
    );
    metrics.counted(
      'call_rounds_total',
      'Times that connections took turns, as most calls came too late.',
      () => sum(({ rounds }) => rounds()),
    );
    metrics.gauge('grpc_open_streams', 'Open streaming calls.', [], (gauge) =>
      gauge.set(sum(({ openStreams }) => openStreams())),
    );
  }

  add(host: HostNumbers): void {
    this.#hosts.push(host);
  }

  #shed(): readonly (readonly [string, number])[] {
    const total = new Map<string, number>();
    for (const { shed } of this.#hosts)
      for (const [why, count] of Object.entries(shed())) total.set(why, (total.get(why) ?? 0) + count);
    return [...total];
  }
}

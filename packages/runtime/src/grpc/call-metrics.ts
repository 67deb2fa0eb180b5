/**
 * grpc_server_* under the names that everyone's dashboards know. A call costs
 * a few additions to plain numbers; text is made when somebody scrapes.
 */
import { status as grpcStatus } from '@grpc/grpc-js';
import type { Metrics, Sample } from '../metrics/metrics.ts';
import type { BoundMethod } from './service-binding.ts';

const BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const GRPC_TYPE: Readonly<Record<BoundMethod['kind'], string>> = {
  unary: 'unary',
  serverStream: 'server_stream',
  bidi: 'bidi_stream',
};

/** Numbers of one method. */
export class MethodCalls {
  readonly labels: Readonly<Record<string, string>>;
  started = 0;
  received = 0;
  sent = 0;
  readonly handled: number[] = new Array<number>(17).fill(0);
  readonly buckets: number[] = new Array<number>(BUCKETS_SECONDS.length).fill(0);
  seconds = 0;
  count = 0;

  constructor(method: Pick<BoundMethod, 'kind' | 'service' | 'method'>) {
    this.labels = {
      grpc_type: GRPC_TYPE[method.kind],
      grpc_service: method.service,
      grpc_method: method.method,
    };
  }

  /** A call ended with a status code after some time. */
  end(code: number, seconds: number): void {
    const known = code in this.handled ? code : grpcStatus.UNKNOWN;
    this.handled[known] = this.handled[known]! + 1;
    this.seconds += seconds;
    this.count += 1;
    for (let i = 0; i < BUCKETS_SECONDS.length; i++) {
      if (seconds <= BUCKETS_SECONDS[i]!) {
        this.buckets[i] = this.buckets[i]! + 1;
        return;
      }
    }
  }
}

export class CallMetrics {
  readonly #methods = new Map<string, MethodCalls>();

  constructor(metrics: Metrics) {
    const counter = (name: string, help: string, samples: (calls: MethodCalls) => readonly Sample[]): void =>
      metrics.scraped({ name, help, type: 'counter', collect: () => this.#collect(samples) });
    counter('grpc_server_started_total', 'Calls started on the server.', (calls) => [
      { labels: calls.labels, value: calls.started },
    ]);
    counter('grpc_server_handled_total', 'Calls completed on the server, by code.', (calls) =>
      calls.handled.flatMap((value, code) =>
        value === 0 ? [] : [{ labels: { ...calls.labels, grpc_code: codeName(code) }, value }],
      ),
    );
    counter('grpc_server_msg_received_total', 'Messages received by the server.', (calls) => [
      { labels: calls.labels, value: calls.received },
    ]);
    counter('grpc_server_msg_sent_total', 'Messages sent by the server.', (calls) => [
      { labels: calls.labels, value: calls.sent },
    ]);
    metrics.scraped({
      name: 'grpc_server_handling_seconds',
      help: 'Time from the start of a call to its status, in seconds.',
      type: 'histogram',
      collect: () => this.#collect(histogramSamples),
    });
  }

  /** The numbers of a method; the same object for the same path. */
  method(method: Pick<BoundMethod, 'path' | 'kind' | 'service' | 'method'>): MethodCalls {
    const known = this.#methods.get(method.path);
    if (known !== undefined) return known;
    const calls = new MethodCalls(method);
    this.#methods.set(method.path, calls);
    return calls;
  }

  #collect(samples: (calls: MethodCalls) => readonly Sample[]): readonly Sample[] {
    return [...this.#methods.values()].flatMap(samples);
  }
}

function histogramSamples(calls: MethodCalls): readonly Sample[] {
  const metricName = 'grpc_server_handling_seconds';
  const samples: Sample[] = [];
  let below = 0;
  BUCKETS_SECONDS.forEach((bound, i) => {
    below += calls.buckets[i]!;
    samples.push({
      metricName: `${metricName}_bucket`,
      labels: { ...calls.labels, le: bound },
      value: below,
    });
  });
  samples.push(
    { metricName: `${metricName}_bucket`, labels: { ...calls.labels, le: '+Inf' }, value: calls.count },
    { metricName: `${metricName}_sum`, labels: calls.labels, value: calls.seconds },
    { metricName: `${metricName}_count`, labels: calls.labels, value: calls.count },
  );
  return samples;
}

/** `NOT_FOUND` -> `NotFound`; `OK` stays. */
export function codeName(code: number): string {
  const name = grpcStatus[code];
  if (name === undefined) return String(code);
  if (name === 'OK') return name;
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}

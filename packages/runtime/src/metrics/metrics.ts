/**
 * Numbers of a process for Prometheus. One Metrics per service, so that two
 * services in one process do not mix; prom-client's global registry is unused.
 */
import {
  type CollectFunction,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type Metric,
  Registry,
} from 'prom-client';

const PREFIX = 'flagstream_';
/**
 * Of Node's own numbers, those for which all of its handles or files are listed, on the event loop: with ten thousand
 * connections 20 ms of each scrape. How many streams and connections are open we count ourselves.
 */
const BY_CONNECTION: readonly string[] = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'process_open_fds',
];

/** One line of a scraped metric. */
export interface Sample {
  /** When it differs from the metric's name, as the lines of a histogram do. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A metric whose numbers live elsewhere and are read when somebody scrapes. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly collect: () => readonly Sample[];
}

export class Metrics {
  readonly registry: Registry = new Registry();

  /** `process`: also Node's own numbers (memory, event loop, garbage collection). */
  constructor(options: { readonly process?: boolean } = {}) {
    if (options.process !== true) return;
    collectDefaultMetrics({ register: this.registry });
    for (const name of BY_CONNECTION) this.registry.removeSingleMetric(name);
  }

  /** `flagstream_<name>`; name it `..._total`. */
  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }

  /** `flagstream_<name>`; with `collect`, which sets it, read when somebody scrapes. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L> {
    const hook: { collect?: CollectFunction<Gauge<L>> } =
      collect === undefined
        ? {}
        : {
            collect() {
              collect(this);
            },
          };
    return new Gauge({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...hook,
    });
  }

  /** `flagstream_<name>`; name it `..._seconds` or `..._bytes`. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({
      name: PREFIX + name,
      help,
      buckets: [...buckets],
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }

  /** `flagstream_<name>`, a counter that lives elsewhere and is read when somebody scrapes. */
  counted(name: string, help: string, read: () => number): void {
    this.#scrapedCounter(name, help, () => [{ labels: {}, value: read() }]);
  }

  /** The same with one label: `read` answers its values, each with its number. */
  countedBy(
    label: string,
    name: string,
    help: string,
    read: () => readonly (readonly [value: string, count: number])[],
  ): void {
    this.#scrapedCounter(name, help, () =>
      read().map(([word, value]) => ({ labels: { [label]: word }, value })),
    );
  }

  #scrapedCounter(name: string, help: string, collect: () => readonly Sample[]): void {
    this.scraped({ name: PREFIX + name, help, type: 'counter', collect });
  }

  /** Registers a metric under its name as it is. */
  scraped(metric: ScrapedMetric): void {
    const { name, help, type, collect } = metric;
    const source = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: () => Promise.resolve({ name, help, type, values: collect() }),
    };
    // prom-client asks a metric only for its name and get(), but its types want one of its classes.
    this.registry.registerMetric(source as unknown as Metric);
  }

  /** `flagstream_build_info{version,commit} 1`. */
  buildInfo(labels: { readonly version: string; readonly commit: string }): void {
    this.gauge('build_info', 'Always 1; the labels name the build.', ['version', 'commit']).set(labels, 1);
  }

  /** Prometheus text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

// A program over one of flagd's providers or OFREP's (../flagd-client-*, ../ofrep-*): it is asked by JSON lines, and tells answers
// and events by such.

import { TestProcess } from '../../support/process.ts';
import { until } from '../../support/until.ts';

export interface Question {
  readonly type: 'boolean' | 'string' | 'integer' | 'number' | 'object';
  readonly flag: string;
  readonly default: unknown;
  readonly context: Readonly<Record<string, string>>;
}

export const asked = (
  flag: string,
  type: Question['type'],
  fallback: unknown,
  context: Question['context'] = {},
): Question => ({ flag, type, default: fallback, context: { targetingKey: 'user-1', ...context } });

export interface Outcome {
  readonly value?: unknown;
  readonly variant?: string | null;
  readonly reason?: string;
  readonly errorCode?: string | null;
  readonly errorMessage?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ClientEvent {
  readonly event: 'ready' | 'stale' | 'error' | 'changed';
  readonly flags: readonly string[];
}

/** Providers read them. Short pauses, so that coming back after an outage takes seconds. */
const SETTINGS = {
  FLAGD_HOST: '127.0.0.1',
  FLAGD_DEADLINE_MS: '5000',
  FLAGD_RETRY_BACKOFF_MS: '200',
  FLAGD_RETRY_BACKOFF_MAX_MS: '1000',
  FLAGD_MAX_EVENT_STREAM_RETRIES: '100',
} as const;
const START_TIMEOUT_MS = 50_000;
const ANSWER_TIMEOUT_MS = 30_000;

export class FlagdClient {
  readonly #process: TestProcess;
  #asked = 0;

  private constructor(process: TestProcess) {
    this.#process = process;
  }

  static async start(
    name: string,
    program: string,
    port: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<FlagdClient> {
    const env = { ...SETTINGS, FLAGD_PORT: String(port), FLAGD_SYNC_PORT: String(port), ...settings };
    const process = new TestProcess(name, program, [], { env, listens: true });
    await process.waitForLine(({ json }) => json?.['started'] === true, START_TIMEOUT_MS);
    return new FlagdClient(process);
  }

  async ask(question: Question): Promise<Outcome> {
    const id = this.#send(question);
    const line = await this.#process.waitForLine(({ json }) => json?.['id'] === id, ANSWER_TIMEOUT_MS);
    return line.json as Outcome;
  }

  /** Asked at once, answered in order. */
  async askAll(questions: readonly Question[]): Promise<readonly Outcome[]> {
    const ids = questions.map((question) => this.#send(question));
    const lastId = ids.at(-1);
    await this.#process.waitForLine(({ json }) => json?.['id'] === lastId, ANSWER_TIMEOUT_MS);
    const told = new Map(this.#process.lines.map(({ json }) => [json?.['id'], json as Outcome]));
    return ids.map((id) => told.get(id)!);
  }

  /** Asks again and again. */
  async askUntil(question: Question, isIt: (outcome: Outcome) => boolean, what: string): Promise<Outcome> {
    let last: Outcome | undefined;
    try {
      return await until(
        async () => {
          last = await this.ask(question);
          return isIt(last) && last;
        },
        { what, timeoutMs: ANSWER_TIMEOUT_MS, intervalMs: 100 },
      );
    } catch (error) {
      throw new Error(`${what}: never; at last ${JSON.stringify(last)}`, { cause: error });
    }
  }

  get events(): readonly ClientEvent[] {
    return this.#process.lines.flatMap(({ json }) =>
      json?.['event'] === undefined ? [] : [json as unknown as ClientEvent],
    );
  }

  /** Of the HTTP answers that it has got, where it tells them. */
  get statuses(): readonly unknown[] {
    return this.#process.lines.flatMap(({ json }) => json?.['status'] ?? []);
  }

  /** A position in what it has told, for `eventAfter`. */
  get heard(): number {
    return this.events.length;
  }

  eventAfter(heard: number, isIt: (event: ClientEvent) => boolean, what: string): Promise<ClientEvent> {
    return until(() => this.events.slice(heard).find(isIt), {
      what: `the event of ${what}`,
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
  }

  /** Ends its input; what it does then is up to its provider. */
  async stop(): Promise<{ readonly saidSo: boolean; readonly code: number | null }> {
    this.#process.endInput();
    const { code } = await this.#process.exited;
    return { saidSo: this.#process.lines.some(({ json }) => json?.['stopped'] === true), code };
  }

  #send(question: Question): number {
    const id = ++this.#asked;
    this.#process.say(JSON.stringify({ id, ...question }));
    return id;
  }
}

/** For tests: callers of OFREP, over HTTP as it comes. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { closing, type Started } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog, stringFlag } from '../log.fixture.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for.
  readonly body: any;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const FLAGS = '/ofrep/v1/evaluate/flags';

export function ask({ evaluator }: Started, asked: Asked = {}): Promise<Reply> {
  const { method = 'POST', path = FLAGS, headers = {}, body = '' } = asked;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: evaluator.ofrepPort, method, path, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(replyOf(response, Buffer.concat(chunks))));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, bytes: Buffer): Reply {
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  return { status: statusCode, headers, bytes, text, body: text === '' ? undefined : JSON.parse(text) };
}

/** The answer for one flag. */
export function askFlag(
  started: Started,
  key: string,
  context: object = {},
  headers?: Readonly<Record<string, string>>,
): Promise<Reply> {
  const path = `${FLAGS}/${key}`;
  return ask(started, {
    path,
    body: JSON.stringify({ context }),
    ...(headers === undefined ? {} : { headers }),
  });
}

/** The answer for all flags. */
export function askFlags(
  started: Started,
  context: object = {},
  headers: Readonly<Record<string, string>> = {},
  query = '',
): Promise<Reply> {
  return ask(started, { path: `${FLAGS}${query}`, headers, body: JSON.stringify({ context }) });
}

export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
}

/** A stream of events as a browser reads it. */
export class EventReader {
  readonly events: ServerEvent[] = [];
  status: number | undefined;
  headers: IncomingHttpHeaders = {};
  comments = 0;
  ended = false;
  #rest = '';

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    const sent = request(url, { headers }, (response) => {
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.setEncoding('utf8');
      response.on('data', (text: string) => this.#take(text));
      response.once('close', () => {
        this.ended = true;
      });
    });
    sent.on('error', () => {
      this.ended = true;
    });
    sent.end();
    closing(sent, () => sent.destroy());
  }

  /** Those that tell to ask again. */
  get refetches(): readonly ServerEvent[] {
    return this.events.filter(({ data }) => data?.includes('refetchEvaluation'));
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      else
        this.events.push(
          Object.fromEntries(
            block.split('\n').map((line) => {
              const at = line.indexOf(': ');
              return [line.slice(0, at), line.slice(at + 2)];
            }),
          ),
        );
    }
  }
}

export function eventsUrl({ evaluator }: Started, rest = ''): string {
  return `http://127.0.0.1:${evaluator.ofrepPort}/ofrep/v1/sse${rest}`;
}

/** Half of the subjects each, and nobody without a key. */
export const HALVED = {
  enabled: true,
  fallthrough: {
    split: {
      gate: { missing: 'GATE_MISSING_POLICY_ERROR' },
      entries: [
        { variant: 'a', ranges: [{ from: 0, to: 50_000 }] },
        { variant: 'b', ranges: [{ from: 50_000, to: 100_000 }] },
      ],
    },
  },
};

/** Flags of each kind and outcome. */
export function variousLog(): MemoryLog {
  const log = shopLog();
  const flag = (key: string, json: object, config: object): void => {
    log.commit(entity.flag('default', key, json), entity.config('default', 'development', key, config));
  };
  flag(
    'greeting',
    { ...stringFlag('hello', 'bonjour'), metadata: { team: 'web', flagSetId: 'shop' } },
    serving('hello'),
  );
  flag('price', { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'low', value: 2.5 }] }, serving('low'));
  flag(
    'layout',
    { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'wide', value: { columns: [1, { gap: 'é' }] } }] },
    serving('wide'),
  );
  flag('switched-off', stringFlag('a'), { enabled: false });
  flag('no-default', booleanFlag, { enabled: true });
  flag('targeted', booleanFlag, {
    enabled: true,
    rules: [
      {
        id: 'gold',
        condition: { compare: { attribute: 'tier', operator: 'equals', values: ['gold'] } },
        serve: { variant: 'on' },
      },
    ],
    fallthrough: { variant: 'off' },
  });
  return log;
}

// A process full of readers of one server stream, each over a connection of its own, that counts messages.

import { BareStream } from '../../load/bare-stream.ts';
import { machineMs } from '../../load/machine-clock.ts';
import { answerQuestions } from '../answer-questions.ts';

export type CrowdQuestion =
  | {
      readonly ask: 'open';
      readonly endpoint: string;
      readonly path: string;
      /** In base64. */
      readonly request: string;
      readonly count: number;
      readonly perSecond: number;
    }
  /** How many have been sent something since they were opened, and the least and most messages of one. */
  | { readonly ask: 'opened' }
  /** From now on messages count that are longer than this: keep-alives are short. */
  | { readonly ask: 'arm'; readonly longerThanBytes: number }
  | { readonly ask: 'received' };

export interface Opened {
  readonly streams: number;
  readonly begun: number;
  readonly ended: number;
  readonly why: string | undefined;
}

export interface Received {
  /** Streams that were sent a message since. */
  readonly streams: number;
  /** Of each of them, by the machine's clock. */
  readonly atMs: readonly number[];
  readonly bytes: number;
}

interface Reader {
  messages: number;
  /** Since the counting began. */
  receivedMs: number | undefined;
  ended: boolean;
}

const readers: Reader[] = [];
let bytesSince = 0;
let longerThanBytes = 0;
let endedBy: string | undefined;
const PACE_MS = 5;

answerQuestions<CrowdQuestion>((question) => {
  switch (question.ask) {
    case 'open':
      return open(question);
    case 'opened':
      return {
        streams: readers.length,
        begun: readers.filter(({ messages }) => messages > 0).length,
        ended: readers.filter(({ ended }) => ended).length,
        why: endedBy,
      } satisfies Opened;
    case 'arm':
      bytesSince = 0;
      longerThanBytes = question.longerThanBytes;
      for (const reader of readers) reader.receivedMs = undefined;
      return undefined;
    case 'received': {
      const atMs = readers.flatMap(({ receivedMs }) => receivedMs ?? []);
      return { streams: atMs.length, atMs, bytes: bytesSince } satisfies Received;
    }
  }
});

/** Goes on opening after the answer. */
function open({ endpoint, path, request, count, perSecond }: CrowdQuestion & { ask: 'open' }): void {
  const startedMs = machineMs();
  const first = readers.length;
  const bytes = Buffer.from(request, 'base64');
  const pacing = setInterval(() => {
    const due = Math.min(count, Math.ceil(((machineMs() - startedMs) / 1_000) * perSecond));
    while (readers.length - first < due) read(endpoint, path, bytes);
    if (readers.length - first === count) clearInterval(pacing);
  }, PACE_MS);
}

function read(endpoint: string, path: string, request: Buffer): void {
  const reader: Reader = { messages: 0, receivedMs: undefined, ended: false };
  readers.push(reader);
  const stream = new BareStream(
    endpoint,
    path,
    {},
    {
      message: (message) => {
        reader.messages += 1;
        if (message.length <= longerThanBytes) return;
        reader.receivedMs = machineMs();
        bytesSince += message.length;
      },
      ended: (error) => {
        reader.ended = true;
        endedBy = error?.message ?? 'the server ended the stream';
      },
    },
  );
  stream.send(request);
  stream.end();
}

// Listens to all of Flagstream that runs in this process, whoever started it: log lines at the place where pino makes
// them, failed calls where grpc-js tells their callers, pages where fetch gets them. Imported once per worker, before
// anything makes a client, and only where a run is recorded (setup.ts).

import { subscribe } from 'node:diagnostics_channel';
import { Channel, status } from '@grpc/grpc-js';
import { record, recordPage } from './recording.ts';

const MANAGEMENT_PAGE = /^https?:\/\/(?:127\.0\.0\.1|localhost):\d+(\/\w*)$/;

interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: { toJSON(): Readonly<Record<string, readonly (string | Buffer)[]>> };
}

interface Listener {
  onReceiveStatus(status: Status): void;
}

interface Call {
  start(metadata: unknown, listener: Listener): void;
}

type CreateCall = (this: Channel, path: string, ...rest: unknown[]) => Call;

function listenToLogs(): void {
  subscribe('tracing:pino_asJson:end', (line) => record('log', 'a server in the test', resultOf(line)));
}

function resultOf(line: unknown): string {
  return String((line as { readonly result?: unknown }).result ?? '').trimEnd();
}

/** Every call of every client is made by a channel; the methods of generated clients cannot be reached. */
function listenToCalls(): void {
  const prototype = Channel.prototype as unknown as { createCall: CreateCall };
  const { createCall } = prototype;
  prototype.createCall = function (this: Channel, path, ...rest) {
    const call = createCall.call(this, path, ...rest);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      const tell = listener.onReceiveStatus.bind(listener);
      listener.onReceiveStatus = (ending) => {
        if (ending.code !== status.OK) record('refusal', path, textOf(ending));
        tell(ending);
      };
      start(metadata, listener);
    };
    return call;
  };
}

/** Binary trailers as they are: text within them stays text. */
function textOf({ details, metadata }: Status): string {
  const carried = Object.entries(metadata.toJSON()).flatMap(([name, values]) =>
    values.map((value) => `${name}: ${typeof value === 'string' ? value : value.toString('latin1')}`),
  );
  return [details, ...carried].join('\n');
}

function listenToPages(): void {
  const ask = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await ask(...request);
    const page = MANAGEMENT_PAGE.exec(response.url)?.[1];
    // A page that breaks off is the asker's to notice.
    if (page !== undefined)
      void response
        .clone()
        .text()
        .then(
          (text) => recordPage(page, text),
          () => undefined,
        );
    return response;
  };
}

listenToLogs();
listenToCalls();
listenToPages();

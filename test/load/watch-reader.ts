// A reader of Watch, which acknowledges nothing: it takes the notices of all flags and counts them.

import {
  EvaluationServiceService,
  WatchRequest,
  WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { BareStream, type Way } from './bare-stream.ts';

const REQUEST = WatchRequest.encode(WatchRequest.fromPartial({})).finish();

export class WatchReader {
  /** Undefined until its first message. */
  revision: number | undefined;
  endedBy: string | undefined;
  regressions = 0;
  readonly #stream: BareStream;

  constructor(endpoint: string, way: Way) {
    this.#stream = new BareStream(endpoint, EvaluationServiceService.watch.path, way, {
      message: (bytes) => this.#take(Number(WatchResponse.decode(bytes).revision)),
      ended: (error) => {
        this.endedBy = error?.message ?? 'the server ended the stream';
      },
    });
    this.#stream.send(REQUEST);
    this.#stream.end();
  }

  close(): void {
    this.#stream.cancel();
  }

  #take(revision: number): void {
    if (revision < (this.revision ?? 0)) this.regressions += 1;
    this.revision = revision;
  }
}

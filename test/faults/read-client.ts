// A client of one evaluator: reads the workload's flags at one revision, and says so to the recorder.

import {
  EvaluateBatchRequest,
  type EvaluateBatchResponse,
  EvaluationServiceClient,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Place, Value } from '../history/history.ts';
import type { HistoryRecorder } from '../history/history-recorder.ts';
import { privateValue } from '../support/private-value.ts';

/** An answer that takes longer is a failed one. Long, since the machine may be busy with everything else. */
const DEADLINE_MS = 10_000;
/** A process that has just been started anew is not blamed for connections refused before. */
const METADATA: Metadata = new Metadata({ waitForReady: true });

export class ReadClient {
  readonly #client: EvaluationServiceClient;
  readonly #recorder: HistoryRecorder;
  readonly #session: string;
  readonly #keys: readonly string[];

  constructor(port: number, session: string, keys: readonly string[], recorder: HistoryRecorder) {
    this.#client = new EvaluationServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 250,
    });
    this.#session = session;
    this.#keys = keys;
    this.#recorder = recorder;
  }

  /**
   * What this evaluator answers now; of the history only if that is said before and after. Rejects when it does not
   * answer, or a flag has no number.
   */
  async read(isRecorded: () => boolean): Promise<void> {
    const saw = isRecorded() ? this.#recorder.beginRead(this.#session, 'any') : undefined;
    const response = await this.#ask(undefined);
    const values = this.#valuesOf(response);
    if (isRecorded()) saw?.(placeOf(response), values);
  }

  /** Reads what was written at a place or later. False: this evaluator did not come so far in time, and says so. */
  async readAtLeast(place: Place): Promise<boolean> {
    const saw = this.#recorder.beginRead(this.#session, place);
    try {
      const response = await this.#ask(place);
      saw(placeOf(response), this.#valuesOf(response));
      return true;
    } catch (error) {
      if ((error as Partial<ServiceError>).code === status.FAILED_PRECONDITION) return false;
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }

  #ask(atLeast: Place | undefined): Promise<EvaluateBatchResponse> {
    const request = EvaluateBatchRequest.fromPartial({
      flagKeys: [...this.#keys],
      contexts: [{ targetingKey: privateValue('reader') }],
      ...(atLeast === undefined
        ? {}
        : { minRevision: { epoch: atLeast.epoch, revision: BigInt(atLeast.revision) } }),
    });
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + DEADLINE_MS };
      this.#client.evaluateBatch(request, METADATA, options, (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });
  }

  #valuesOf(response: EvaluateBatchResponse): Readonly<Record<string, Value>> {
    const results = response.results[0]?.results ?? [];
    return Object.fromEntries(
      this.#keys.map((key, i) => {
        const value: unknown = results[i]?.value;
        if (typeof value === 'number') return [key, value];
        throw new Error(`${this.#session} answers ${JSON.stringify(results[i] ?? null)} for ${key}`);
      }),
    );
  }
}

function placeOf({ epoch, revision }: EvaluateBatchResponse): Place {
  return { epoch, revision: Number(revision) };
}

/** The head of the log, asked of the control plane over gRPC. */
import { fail, fromServiceError, headBeaconFromWire, LIMITS } from '@flagstream/protocol';
import type { GetHeadResponse, LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { HeadAuthority, HeadBeacon } from '@flagstream/replica';
import { Metadata, type ServiceError } from '@grpc/grpc-js';

/** An answer that comes later than the next question is not worth waiting for. */
const HEAD_TIMEOUT_MS = LIMITS.beaconMs;

export class ControlPlaneHead implements HeadAuthority {
  readonly #client: LogServiceClient;

  constructor(client: LogServiceClient) {
    this.#client = client;
  }

  /** @throws FlagstreamError, TIMEOUT when there is no answer within a second */
  async askHead(): Promise<HeadBeacon> {
    const { head } = await this.#ask();
    if (head === undefined) throw fail('INTERNAL', 'the control plane answered without a head');
    return headBeaconFromWire(head);
  }

  #ask(): Promise<GetHeadResponse> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + HEAD_TIMEOUT_MS };
      this.#client.getHead({}, new Metadata(), options, (error: ServiceError | null, response) => {
        if (error === null) resolve(response);
        else reject(fromServiceError(error));
      });
    });
  }
}

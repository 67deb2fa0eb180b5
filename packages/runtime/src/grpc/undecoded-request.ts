/** A request as it came. It is decoded when its handler runs: until then it takes no more than its bytes. */
import { Undecodable } from './undecodable.ts';

export class UndecodedRequest {
  readonly #bytes: Buffer;
  readonly #decode: (bytes: Buffer) => unknown;

  constructor(bytes: Buffer, decode: (bytes: Buffer) => unknown) {
    this.#bytes = bytes;
    this.#decode = decode;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** @throws FlagstreamError INVALID_FIELD, or what the decoder says of a limit */
  decode(): unknown {
    try {
      return this.#decode(this.#bytes);
    } catch (cause) {
      throw new Undecodable(cause).error;
    }
  }
}

/** Several places that can answer the same question: the first that does, in order. */
import { fail, messageOf } from '@flagstream/protocol';
import type {
  HeadAuthority,
  HeadBeacon,
  Snapshot,
  SnapshotOrigin,
  SnapshotSource,
} from '@flagstream/replica';
import type { Logger } from '@flagstream/runtime';

export interface FoundSnapshot {
  readonly snapshot: Snapshot;
  readonly origin: SnapshotOrigin;
}

export class FirstSnapshot {
  readonly #sources: readonly SnapshotSource[];
  readonly #logger: Logger;

  constructor(sources: readonly SnapshotSource[], logger: Logger) {
    this.#sources = sources;
    this.#logger = logger;
  }

  /** @throws what the last one says when none has one */
  fetch(): Promise<FoundSnapshot> {
    return firstAnswer(
      this.#sources,
      async (source) => ({ snapshot: await source.fetch(), origin: source.origin }),
      (error) =>
        this.#logger.warn({ detail: messageOf(error) }, 'a snapshot could not be had from one place'),
    );
  }
}

export class FirstHead implements HeadAuthority {
  readonly #authorities: readonly HeadAuthority[];

  constructor(authorities: readonly HeadAuthority[]) {
    this.#authorities = authorities;
  }

  /** @throws what the last one says when nobody answers */
  askHead(): Promise<HeadBeacon> {
    return firstAnswer(this.#authorities, (authority) => authority.askHead());
  }
}

/** @throws what the last one says when nobody answers */
export async function firstAnswer<S, T>(
  sources: readonly S[],
  ask: (source: S) => Promise<T>,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<T> {
  let failure: unknown = fail('UNREACHABLE', 'there is nobody to ask');
  for (const source of sources) {
    try {
      return await ask(source);
    } catch (error) {
      failure = error;
      onFailure(error);
    }
  }
  throw failure;
}

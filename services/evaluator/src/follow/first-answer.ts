/** Several places that can answer the same question: the first that does, in order. */
import { fail } from '@flagstream/protocol';
import type { HeadAuthority, HeadBeacon, Snapshot, SnapshotSource } from '@flagstream/replica';

export class FirstSnapshot implements SnapshotSource {
  readonly #sources: readonly SnapshotSource[];

  constructor(sources: readonly SnapshotSource[]) {
    this.#sources = sources;
  }

  /** @throws what the last one says when none has one */
  fetch(): Promise<Snapshot> {
    return firstAnswer(this.#sources, (source) => source.fetch());
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

async function firstAnswer<S, T>(sources: readonly S[], ask: (source: S) => Promise<T>): Promise<T> {
  let failure: unknown = fail('UNREACHABLE', 'there is nobody to ask');
  for (const source of sources) {
    try {
      return await ask(source);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The part of a client that takes transfers, and the server's end that sends them, with the wire between. */
import { decodeServerFrame, encodeTransfer, LIMITS, sha256 } from '@flagstream/protocol';
import {
  type ClientSet,
  type EntityChange,
  EnvironmentView,
  type Position,
  type StateDelta,
  type Transfer,
} from '@flagstream/replica';
import { IDENTITY } from '../../services/control-plane/src/log/record.fixture.ts';

export class ScenarioEnvironment {
  readonly #view = new EnvironmentView(
    sha256,
    { project: 'p', environment: 'production' },
    { revisions: LIMITS.deltaWindowRevisions },
    0,
  );
  #revision = 0;

  change(...changes: EntityChange[]): void {
    this.#revision += 1;
    const version = this.#revision;
    this.#view.apply(
      changes.map((change) => ({ change, version })),
      version,
    );
  }

  /** What leads a client from one revision to the newest, after `damage` of the sender's. */
  transfer(fromRevision: number, damage: (delta: StateDelta) => StateDelta = (delta) => delta): Transfer {
    const delta = this.#view.delta(fromRevision);
    if (delta === undefined) throw new RangeError(`no delta from revision ${fromRevision}`);
    const header = {
      kind: fromRevision === 0 ? ('full' as const) : ('delta' as const),
      from: fromRevision === 0 ? undefined : placeOf(fromRevision),
      to: placeOf(this.#revision),
      forked: false,
      digest: this.#view.digest,
    };
    const [bytes] = encodeTransfer(header, damage(delta), LIMITS.syncFrameBytesMax);
    const frame = decodeServerFrame(bytes!);
    if (frame.type !== 'update') throw new Error(`a transfer in more than one frame: ${frame.type}`);
    return frame.transfer;
  }
}

/** The set after a transfer; as it was where the transfer is refused, which is noticed. */
export function takeTransfer(set: ClientSet, transfer: Transfer, noticed: string[]): ClientSet {
  const outcome = set.stage(sha256, transfer, IDENTITY);
  if (outcome.kind === 'staged') return outcome.set;
  noticed.push(outcome.detail);
  return set;
}

function placeOf(revision: number): Position {
  return { epoch: 1, revision, hash: new Uint8Array(32).fill(revision) };
}

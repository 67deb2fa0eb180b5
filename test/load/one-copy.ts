// Ten thousand clients in one process that hold the same hold it once. Each decodes every frame that it gets and is
// checked by its own digest as ever; what is saved is that the set which follows by the same transfer from the same set
// is made again, and kept again, for each of them.

import {
  bytesEqual,
  type ClientSet,
  type EntityId,
  formatPosition,
  type Transfer,
  type TransferOutcome,
} from '@flagstream/replica';

interface Step {
  readonly transfer: Transfer;
  readonly logIdentity: Uint8Array;
  /** Weak: a set must not keep all that ever followed from it. */
  readonly staged: WeakRef<ClientSet>;
  readonly touched: readonly EntityId[];
}

/** Ways on from one set that are remembered: clients of a process are seldom at more revisions at once. */
const STEPS_MAX = 4;

/** The same set, and what follows from it, in one copy. */
export function oneCopy(set: ClientSet): ClientSet {
  const steps: Step[] = [];
  const moves = new Map<string, WeakRef<ClientSet>>();
  const { stage, at } = set;
  return Object.assign(set, {
    stage: (...words: Parameters<ClientSet['stage']>): TransferOutcome => {
      const [, transfer, logIdentity] = words;
      const known = steps.find(
        (step) => bytesEqual(step.logIdentity, logIdentity) && isSame(step.transfer, transfer),
      );
      const kept = known?.staged.deref();
      if (known !== undefined && kept !== undefined)
        return { kind: 'staged', set: kept, touched: known.touched };
      const outcome = stage.apply(set, words);
      if (outcome.kind === 'refused') return outcome;
      const staged = new WeakRef(oneCopy(outcome.set));
      if (steps.push({ transfer, logIdentity, staged, touched: outcome.touched }) > STEPS_MAX) steps.shift();
      return outcome;
    },
    at: (...words: Parameters<ClientSet['at']>): ClientSet => {
      const [position] = words;
      const key = `${formatPosition(position)}/${Buffer.from(position.hash).toString('base64')}`;
      const known = moves.get(key)?.deref();
      if (known !== undefined) return known;
      const moved = oneCopy(at.apply(set, words));
      moves.set(key, new WeakRef(moved));
      if (moves.size > STEPS_MAX) moves.delete(moves.keys().next().value!);
      return moved;
    },
  });
}

/** Byte for byte, so that a damaged one is staged, and refused, by itself. */
function isSame(a: Transfer, b: Transfer): boolean {
  return (
    a.kind === b.kind &&
    a.to.epoch === b.to.epoch &&
    a.to.revision === b.to.revision &&
    bytesEqual(a.to.hash, b.to.hash) &&
    a.digest.hi === b.digest.hi &&
    a.digest.lo === b.digest.lo &&
    a.put.length === b.put.length &&
    a.remove.length === b.remove.length &&
    a.put.every((entity, index) => isSameEntity(entity, b.put[index]!)) &&
    a.remove.every(({ kind, key }, index) => b.remove[index]!.kind === kind && b.remove[index]!.key === key)
  );
}

function isSameEntity(a: Transfer['put'][number], b: Transfer['put'][number]): boolean {
  return (
    a.version === b.version &&
    a.change.kind === b.change.kind &&
    a.change.key === b.change.key &&
    a.change.environment === b.change.environment &&
    Buffer.compare(a.change.contentHash, b.change.contentHash) === 0 &&
    Buffer.compare(a.change.content, b.change.content) === 0
  );
}

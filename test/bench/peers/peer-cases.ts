// One peer's cases: the one flag over all subjects, and many flags at random. Every answer that no hash decides
// is compared with what the flag says; of the others, half must be on.

import type { Case } from '../case.ts';
import { MANY_FLAGS_COUNT, RANDOM_ORDER_LENGTH, randomKeys } from '../engine/evaluation-cases.ts';
import { certainAnswer, manyPeerFlags, type Peer, type PeerFlag, ROLLOUT, SUBJECTS } from './peer.ts';

export const ONE_FLAG = 'one flag';
export const MANY_FLAGS = 'many flags';

/** Peers' hashes differ: how far from a half their shares may be. */
const SHARE_TOLERANCE = 0.06;

/** `name` is one of ONE_FLAG and MANY_FLAGS. */
export function peerCase(peer: Peer, name: string): Promise<Case> {
  return name === ONE_FLAG
    ? caseOf(peer, name, [ROLLOUT], [ROLLOUT.key], SUBJECTS.length)
    : caseOf(peer, name, manyPeerFlags(MANY_FLAGS_COUNT), randomKeys(MANY_FLAGS_COUNT), RANDOM_ORDER_LENGTH);
}

async function caseOf(
  peer: Peer,
  name: string,
  flags: readonly PeerFlag[],
  keys: readonly string[],
  period: number,
): Promise<Case> {
  const opened = await peer.open(flags);
  const subjects = SUBJECTS.length;
  const order = keys.length;
  const byKey = new Map(flags.map((flag) => [flag.key, flag]));
  const tally = { on: 0, hashed: 0, hashedOn: 0 };
  for (let index = 0; index < period; index++) {
    const key = keys[index % order]!;
    const subject = index % subjects;
    const answer = await opened.evaluate(key, subject);
    if (answer) tally.on++;
    const certain = certainAnswer(byKey.get(key)!, SUBJECTS[subject]!);
    if (certain === undefined) {
      tally.hashed++;
      if (answer) tally.hashedOn++;
    } else if (answer !== certain) {
      throw new Error(`${name}: ${key} answers ${answer} for ${SUBJECTS[subject]!.id}`);
    }
  }
  const share = tally.hashedOn / tally.hashed;
  if (Math.abs(share - 0.5) > SHARE_TOLERANCE)
    throw new Error(`${name}: the split gives ${share} of the subjects`);
  const base = { name, period, onPerPeriod: tally.on };
  if (opened.mode === 'direct') {
    const { evaluate } = opened;
    return { ...base, mode: 'direct', run: (index) => evaluate(keys[index % order]!, index % subjects) };
  }
  const { evaluate } = opened;
  return { ...base, mode: 'awaited', run: (index) => evaluate(keys[index % order]!, index % subjects) };
}

/** What only the hash chain notices: records that say nothing wrong, and are not the ones that were written. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { entityKey, type HeldLog, hex, reached, samePosition } from '@flagstream/replica';
import { History } from '../../services/control-plane/src/log/history.ts';
import { openFile } from '../../services/control-plane/src/log/native-objects.ts';
import { flagEntity } from '../../services/control-plane/src/log/record.fixture.ts';
import { flippedBit } from './flipped-bit.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { ScenarioControlPlane, verifyLogFile } from './scenario-control-plane.ts';
import { loadState, ScenarioEvaluator, saveState, saveTail } from './scenario-evaluator.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: 'a copied file goes on in the place of the first, after both took the same change',
    noticedAs: /^diverged: revision 4 does not follow the applied one$/,
    run: twoCopies,
  },
  {
    name: 'a record in the file is replaced by one that changes the same, as somebody else',
    noticedAs: /^the hash chain is broken at revision 3$/,
    run: rewrittenRecord,
  },
  {
    name: 'NATS holds what continues another branch than the restored file',
    noticedAs: /^the record does not continue the log$/,
    run: foreignTail,
  },
  {
    name: "a bit changes in an evaluator's tail, and it starts while everything else is down",
    noticedAs: /^tail-1-1\.log: the record at byte 12 is not what was written$/,
    run: damagedTail,
  },
];

async function twoCopies({ folder }: Site): Promise<Outcome> {
  const [mine, copied] = [path.join(folder, 'mine.db'), path.join(folder, 'copied.db')];
  const before = new ScenarioControlPlane(mine);
  before.write('alice', flagEntity('a', '1'));
  before.close();
  copyFileSync(mine, copied);
  const first = new ScenarioControlPlane(mine);
  const second = new ScenarioControlPlane(copied);
  const written = first.write('alice', flagEntity('a', '2'));
  second.write('bob', flagEntity('a', '2'));

  const evaluator = new ScenarioEvaluator();
  evaluator.fold(first.records(0));
  evaluator.hear(first.beacon());
  first.close();
  second.write('bob', flagEntity('b', '1'));
  evaluator.fold(second.records(written.revision));
  evaluator.hear(second.beacon());

  const { noticed } = evaluator;
  const cache = path.join(folder, 'cache');
  await saveState(cache, evaluator.state);
  const state = await loadState(cache, noticed);
  const held = heldBy(second);
  const isWrong =
    samePosition(state.position, held.position) &&
    reached(written, state) === 'reached' &&
    reached(written, held) === 'forked';
  await noticing(noticed, () => verifyLogFile(copied, 'folded'));
  second.close();
  return {
    noticed,
    wrong: isWrong ? 'the evaluator answers for a write that the log does not hold' : undefined,
  };
}

async function rewrittenRecord({ folder }: Site): Promise<Outcome> {
  const file = path.join(folder, 'flagstream.db');
  const before = new ScenarioControlPlane(file);
  before.write('alice', flagEntity('a', '1'));
  before.write('alice', flagEntity('b', '1'));
  const original = recordCodec.decodeRecord(before.store.recordAt(2)!.bytes);
  before.close();
  const { hash, bytes } = recordCodec.encodeRecord({ ...original, actor: { id: 'mallory', kind: 'user' } });
  const db = openFile(file);
  db.exec(`UPDATE log SET bytes = x'${hex(bytes)}', hash = x'${hex(hash)}' WHERE revision = 2`);
  db.close();

  const noticed: string[] = [];
  const after = await noticing(noticed, () => new ScenarioControlPlane(file));
  if (after === undefined) return { noticed, wrong: undefined };
  const evaluator = new ScenarioEvaluator();
  evaluator.take(after.snapshot());
  evaluator.hear(after.beacon());
  const replay = new ScenarioEvaluator();
  replay.fold(after.records(0));
  replay.hear(after.beacon());
  noticed.push(...evaluator.noticed, ...replay.noticed);
  for (const depth of ['stored', 'folded'] as const)
    await noticing(noticed, () => verifyLogFile(file, depth));
  const { actor } = new History(after.store, recordCodec).record(2).record;
  after.close();
  return {
    noticed,
    wrong: actor.id === 'alice' ? undefined : `the audit names ${actor.id} for what alice did`,
  };
}

async function foreignTail({ folder }: Site): Promise<Outcome> {
  const shipped = new ScenarioControlPlane(path.join(folder, 'shipped.db'));
  const written = shipped.write('alice', flagEntity('a', '1'));
  shipped.write('alice', flagEntity('b', '1'));
  const [tail] = shipped.records(written.revision);
  shipped.close();

  const file = path.join(folder, 'restored.db');
  const restored = new ScenarioControlPlane(file);
  restored.write('bob', flagEntity('a', '1'));
  const noticed: string[] = [];
  await noticing(noticed, () => restored.foldForeign(tail!));
  const evaluator = new ScenarioEvaluator();
  evaluator.fold(restored.records(0));
  evaluator.hear(restored.beacon());
  noticed.push(...evaluator.noticed);
  const isWrong = restored.store.head().revision === 3 && reached(written, heldBy(restored)) === 'forked';
  restored.close();
  await noticing(noticed, () => verifyLogFile(file, 'folded'));
  return { noticed, wrong: isWrong ? 'the log holds a write without the one before it' : undefined };
}

async function damagedTail({ folder }: Site): Promise<Outcome> {
  const controlPlane = new ScenarioControlPlane(path.join(folder, 'flagstream.db'));
  controlPlane.write('alice', flagEntity('written', '1'));
  const [genesis, newest] = controlPlane.records(0).map(recordCodec.decodeRecord);
  controlPlane.close();
  const cache = path.join(folder, 'cache');
  const evaluator = new ScenarioEvaluator();
  evaluator.fold([genesis!.bytes]);
  await saveState(cache, evaluator.state);
  await saveTail(cache, genesis!, newest!);
  const file = path.join(cache, 'tail-1-1.log');
  writeFileSync(file, flippedBit(readFileSync(file), Buffer.from('written')));

  const noticed: string[] = [];
  const state = await loadState(cache, noticed);
  const isWrong =
    state.position.revision === 2 && state.entity(entityKey(flagEntity('written', ''))) === undefined;
  return { noticed, wrong: isWrong ? 'a flag that was written is served under another key' : undefined };
}

function heldBy({ store }: ScenarioControlPlane): HeldLog {
  return {
    position: store.head(),
    lineage: store.lineage(),
    hashAt: (revision) => store.recordAt(revision)?.hash,
  };
}

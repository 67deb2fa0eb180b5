/** What only the content hash notices: the digest and the chain go by hashes, and these are as they were. */
import path from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { ClientSet, entityKey, hex } from '@flagstream/replica';
import { openFile } from '../../services/control-plane/src/log/native-objects.ts';
import { flagEntity } from '../../services/control-plane/src/log/record.fixture.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { ScenarioEnvironment, takeTransfer } from './scenario-client.ts';
import { ScenarioControlPlane, verifyLogFile } from './scenario-control-plane.ts';
import { loadState, ScenarioEvaluator, saveState } from './scenario-evaluator.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: 'a bit of an entity changes in the file, and an evaluator starts from its snapshot',
    noticedAs: /^snapshot-failed: .*the content of 3\/p\/\/a is not what its hash says/,
    run: damagedRow,
  },
  {
    name: 'a record that only NATS still held comes back with a changed bit',
    noticedAs: /^revision 2: the content of 3\/p\/\/a is not what its hash says$/,
    run: damagedTail,
  },
  {
    name: 'a client is sent the content of one flag as that of another',
    noticedAs: /^the content of 3\/p\/\/b is not what its hash says$/,
    run: mistakenTransfer,
  },
];

/** "1" with its lowest bit changed is "0". */
const WRITTEN = flagEntity('a', '1');
const DAMAGED = { ...WRITTEN, content: Uint8Array.of(WRITTEN.content[0]! ^ 1) };

async function damagedRow({ folder }: Site): Promise<Outcome> {
  const file = path.join(folder, 'flagstream.db');
  const before = new ScenarioControlPlane(file);
  before.write('alice', WRITTEN);
  before.close();
  const db = openFile(file);
  db.exec(`UPDATE entity SET content = x'${hex(DAMAGED.content)}' WHERE key = 'a'`);
  db.close();

  const controlPlane = new ScenarioControlPlane(file);
  const evaluator = new ScenarioEvaluator();
  evaluator.take(controlPlane.snapshot());
  evaluator.hear(controlPlane.beacon());
  controlPlane.close();
  const { noticed } = evaluator;
  const cache = path.join(folder, 'cache');
  await saveState(cache, evaluator.state);
  const state = await loadState(cache, noticed);
  await noticing(noticed, () => verifyLogFile(file, 'stored'));
  return { noticed, wrong: wrongContent(state.entity(entityKey(WRITTEN))?.change.content) };
}

async function damagedTail({ folder }: Site): Promise<Outcome> {
  const lost = new ScenarioControlPlane(path.join(folder, 'lost.db'));
  lost.write('alice', WRITTEN);
  const original = recordCodec.decodeRecord(lost.store.recordAt(2)!.bytes);
  lost.close();
  const { bytes } = recordCodec.encodeRecord({ ...original, changes: [DAMAGED] });

  const file = path.join(folder, 'restored.db');
  const restored = new ScenarioControlPlane(file);
  const noticed: string[] = [];
  await noticing(noticed, () => restored.foldForeign(bytes));
  const evaluator = new ScenarioEvaluator();
  evaluator.fold(restored.records(0));
  evaluator.hear(restored.beacon());
  noticed.push(...evaluator.noticed);
  const stored = restored.store.entity(WRITTEN)?.change.content;
  restored.close();
  await noticing(noticed, () => verifyLogFile(file, 'folded'));
  return { noticed, wrong: wrongContent(stored) };
}

async function mistakenTransfer(): Promise<Outcome> {
  const environment = new ScenarioEnvironment();
  environment.change(WRITTEN, flagEntity('b', '2'));
  const noticed: string[] = [];
  const transfer = environment.transfer(0, ({ put, remove }) => ({
    put: put.map(({ change, version }) => ({ change: { ...change, content: WRITTEN.content }, version })),
    remove,
  }));
  const set = takeTransfer(ClientSet.empty(), transfer, noticed);
  const content = set.entity(flagEntity('b', ''))?.change.content;
  return {
    noticed,
    wrong: content?.[0] === WRITTEN.content[0] ? 'the client serves one flag as another' : undefined,
  };
}

function wrongContent(content: Uint8Array | undefined): string | undefined {
  return content?.[0] === DAMAGED.content[0] ? 'the flag says what nobody wrote' : undefined;
}

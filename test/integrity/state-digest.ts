/** What only the state digest notices: something is not there, and what is there is as it was written. */
import path from 'node:path';
import { recordCodec, sha256 } from '@flagstream/protocol';
import { ClientSet, entityKey, LogState, StateDigest } from '@flagstream/replica';
import { openFile } from '../../services/control-plane/src/log/native-objects.ts';
import { flagEntity } from '../../services/control-plane/src/log/record.fixture.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { ScenarioEnvironment, takeTransfer } from './scenario-client.ts';
import { ScenarioControlPlane, verifyLogFile } from './scenario-control-plane.ts';
import { loadState, ScenarioEvaluator, saveState } from './scenario-evaluator.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: 'an entity is lost from the file, and an evaluator starts from its snapshot',
    noticedAs: /^snapshot-failed: .*the snapshot does not add up to its digest/,
    run: lostRow,
  },
  {
    name: 'an evaluator lost an entity after it had started',
    noticedAs: /^diverged: the state at revision 2 does not add up to the head's digest$/,
    run: forgottenEntity,
  },
  {
    name: 'a client is sent a change that leaves an entity out',
    noticedAs: /^the transfer does not add up to its digest$/,
    run: shortTransfer,
  },
];

const [A, B] = [flagEntity('a', '1'), flagEntity('b', '1')];

async function lostRow({ folder }: Site): Promise<Outcome> {
  const file = path.join(folder, 'flagstream.db');
  const before = new ScenarioControlPlane(file);
  before.write('alice', A, B);
  before.close();
  const db = openFile(file);
  db.exec(`DELETE FROM entity WHERE key = 'b'`);
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
  const isWrong = state.position.revision === 2 && state.entity(entityKey(B)) === undefined;
  return { noticed, wrong: isWrong ? 'a flag that was written is not served' : undefined };
}

/** A state whose fold forgot an entity agrees with itself, as its copy on disk does. */
async function forgottenEntity({ folder }: Site): Promise<Outcome> {
  const controlPlane = new ScenarioControlPlane(path.join(folder, 'flagstream.db'));
  controlPlane.write('alice', A, B);
  const whole = controlPlane.snapshot();
  const entities = whole.entities.filter(({ change }) => change.key !== 'b');
  const stateDigest = StateDigest.of(sha256, entities).toBytes();
  const cache = path.join(folder, 'cache');
  await saveState(cache, LogState.fromSnapshot(recordCodec, { ...whole, entities, stateDigest }));
  const noticed: string[] = [];
  const evaluator = new ScenarioEvaluator(await loadState(cache, noticed));
  evaluator.hear(controlPlane.beacon());
  controlPlane.close();
  noticed.push(...evaluator.noticed);
  return { noticed, wrong: evaluator.isTrusted ? 'a flag that was written is not served' : undefined };
}

async function shortTransfer(): Promise<Outcome> {
  const environment = new ScenarioEnvironment();
  environment.change(A);
  const noticed: string[] = [];
  const held = takeTransfer(ClientSet.empty(), environment.transfer(0), noticed);
  environment.change(A, B);
  const short = environment.transfer(1, ({ put, remove }) => ({
    put: put.filter(({ change }) => change.key !== 'b'),
    remove,
  }));
  const set = takeTransfer(held, short, noticed);
  const isWrong = set.position?.revision === 2 && set.entity(B) === undefined;
  return { noticed, wrong: isWrong ? 'the client lacks a flag that it was told of' : undefined };
}

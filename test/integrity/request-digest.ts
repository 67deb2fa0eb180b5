/** What only the request digest notices: an operation id that stands for another request already. */
import path from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { ENTITY_KIND } from '@flagstream/replica';
import { SqliteStore } from '../../services/control-plane/src/log/sqlite-store.ts';
import { booleanFlag, PROJECT, Workbench } from '../../services/control-plane/src/workbench.fixture.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { verifyLogFile } from './scenario-control-plane.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: 'a caller names a new write as one that was done',
    noticedAs: /^op_id: deploy-7 was used for another request$/,
    run: reusedOperation,
  },
];

async function reusedOperation({ folder }: Site): Promise<Outcome> {
  const file = path.join(folder, 'flagstream.db');
  const store = new SqliteStore(file, recordCodec);
  const workbench = new Workbench(store);
  workbench.apply(PROJECT);
  workbench.apply([booleanFlag('first')], { opId: 'deploy-7' });
  const noticed: string[] = [];
  const answer = await noticing(noticed, () =>
    workbench.apply([booleanFlag('second')], { opId: 'deploy-7' }),
  );
  const id = { kind: ENTITY_KIND.flag, project: 'p', environment: '', key: 'second' };
  const isLost = answer !== undefined && store.entity(id) === undefined;
  store.close();
  await noticing(noticed, () => verifyLogFile(file, 'folded'));
  return { noticed, wrong: isLost ? 'a write is answered as done and was not' : undefined };
}

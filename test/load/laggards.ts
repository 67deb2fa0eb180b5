// Some of many clients do not confirm a change: exactly those are named, and waiting for all does not succeed.

import { NackCode } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { ClientCore } from '../../packages/client/src/client-core.ts';
import { resolveOptions } from '../../packages/client/src/client-options.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { LoadFleet } from './load-fleet.ts';
import { LoadSite } from './load-site.ts';
import { connectMaxMs } from './push.ts';
import { Findings, type ScenarioResult } from './scenario.ts';

export interface LaggardsOptions {
  readonly clients: number;
  readonly frozen: number;
  readonly perSecond: number;
}

const WAIT_SECONDS = 2;
const WAIT_LONG_SECONDS = 60;
/** Of `flagstream wait` when not everybody has it in time. */
const NOT_IN_TIME = 6;
const BROKEN_ID = 'broken-sdk';

export async function runLaggards({ clients, frozen, perSecond }: LaggardsOptions): Promise<ScenarioResult> {
  const found = new Findings();
  const site = await LoadSite.start({ evaluators: 1 });
  const fleet = new LoadFleet('laggards', clients);
  const { endpoints } = site;
  await fleet.openWitnesses(endpoints, {});
  await fleet.open({
    ...{ endpoints, way: {}, startAtFirst: false, heartbeatMs: 0 },
    ...{ count: clients, namePrefix: 'client', perSecond, seeded: false },
  });
  await fleet.untilCurrent(await site.settled(), connectMaxMs(clients, perSecond));
  const everybody = clients + fleet.processes;

  const chosen = (await fleet.freeze(frozen)).toSorted();
  const change = await site.change();
  await fleet.untilCounted(change.revision, ({ holding }) => holding === frozen, {
    what: `the bytes at the ${frozen} that are frozen`,
    timeoutMs: 30_000,
  });
  const rollout = await site.untilRollout(change.revision, ({ applied }) => applied === everybody - frozen, {
    what: 'all others to have confirmed',
  });
  const named = rollout.laggards.map(({ client }) => client!.instanceId).toSorted();
  found.promise(
    named.join() === chosen.join(),
    `named are ${named.join(', ')}, frozen are ${chosen.join(', ')}`,
  );
  found.promise(
    rollout.owing === frozen && !rollout.complete,
    `${rollout.owing} owe it, frozen are ${frozen}`,
  );
  const early = await site.wait(change, WAIT_SECONDS);
  found.promise(early.code === NOT_IN_TIME, `flagstream wait ended with ${early.code} while some lag`);
  await fleet.thaw();
  const late = await site.wait(change, WAIT_LONG_SECONDS);
  found.promise(
    late.code === 0,
    `flagstream wait ended with ${late.code} once they are thawed: ${late.stdout}`,
  );

  const broken = await brokenSdk(endpoints);
  const second = await site.change();
  const refused = await site.untilRollout(second.revision, ({ applied }) => applied === everybody, {
    what: 'all but the broken SDK to have confirmed',
  });
  const [laggard] = refused.laggards;
  found.promise(
    refused.owing === 1 && !refused.complete && laggard?.client?.instanceId === BROKEN_ID,
    'an SDK client whose apply step is broken counts as one that has the change',
  );
  found.promise(laggard?.client?.refusal === NackCode.APPLY, 'it is not told why that client lags');
  const without = await site.wait(second, WAIT_SECONDS);
  found.promise(without.code === NOT_IN_TIME, `flagstream wait ended with ${without.code} while one refuses`);
  await broken.close('it is through');

  const { regressions } = await fleet.counts(0);
  found.promise(regressions === 0, `${regressions} clients went back to an older revision`);
  found.figure('clients', everybody);
  found.figure('frozen after their sockets had the bytes', frozen);
  found.figure('named by the rollout', named.join(', '));
  found.figure('flagstream wait, while they are frozen', `exit ${early.code}: ${early.stdout.trim()}`);
  found.figure('flagstream wait, once they are thawed', `exit ${late.code}: ${late.stdout.trim()}`);
  found.figure('an SDK client whose apply step is broken', `owes: ${laggard?.client?.refusalDetail ?? ''}`);
  await fleet.close();
  return found.result('laggards', `Who of ${clients.toLocaleString('en-US')} clients lags`);
}

/** The SDK, whole but for its swap, which fails once it follows. */
async function brokenSdk(endpoints: readonly string[]): Promise<ClientCore> {
  const core = new ClientCore(resolveOptions({ target: endpoints, instanceId: BROKEN_ID }));
  hold({
    what: 'an SDK that is broken',
    release: () => core.close('the test is over'),
    releaseNow: () => undefined,
  });
  await until(() => core.status().state === 'live', { what: 'the SDK to follow', timeoutMs: 30_000 });
  Object.assign(core.inForce, {
    takeTransfer: () => {
      throw new Error('the apply step is broken');
    },
  });
  return core;
}

// Many changes while evaluators come and go: what a control plane and an evaluator keep must not grow with the
// number of changes.

import { Admin } from '../support/admin.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { HostedNode } from './hosted-node.ts';
import type { MemoryFigures } from './node-host.ts';

export interface MemoryRow {
  readonly changes: number;
  readonly controlPlane: MemoryFigures;
  readonly evaluator: MemoryFigures;
}

export interface ManyChangesOptions {
  readonly changes: number;
  /** Changes between two measurements. */
  readonly measureEvery: number;
  /** Changes between two visits of the second evaluator. */
  readonly churnEvery: number;
  readonly progress: (row: MemoryRow) => void;
}

const FLAGS = 100;
/** Writes that are on their way at once: enough that the control plane never waits for the client. */
const IN_FLIGHT = 32;
/** Share of the changes for which the evaluator that comes and goes is there: it costs the others time. */
const VISITED = 0.1;
const PREFIX = 'soak';

export async function runManyChanges(options: ManyChangesOptions): Promise<readonly MemoryRow[]> {
  const nats = await startNatsServer();
  const settings = { grpcPort: 0, managementPort: 0, nats: { url: nats.url, prefix: PREFIX } };
  const controlPlane = await HostedNode.start('control-plane', {
    ...settings,
    data: tempDir('soak'),
    store: { synchronous: 'normal' },
  });
  const followed = { ...settings, controlPlane: { address: `127.0.0.1:${controlPlane.grpcPort}` } };
  const stays = await HostedNode.start('evaluator', { ...followed, cache: { dir: tempDir('soak-cache') } });
  const admin = new Admin(controlPlane.grpcPort);
  for (let index = 0; index < FLAGS; index++) await admin.createBoolean(`flag-${index}`);

  const rows: MemoryRow[] = [];
  for (let done = 0; done < options.changes; ) {
    const step = Math.min(options.churnEvery, options.changes - done);
    // The one that comes and goes: it starts with nothing, follows for a while, and leaves.
    const visitor = await HostedNode.start('evaluator', followed);
    const seen = Math.ceil(step * VISITED);
    await switchFlags(admin, done, seen);
    await visitor.stop();
    await switchFlags(admin, done + seen, step - seen);
    done += step;
    if (done % options.measureEvery !== 0 && done !== options.changes) continue;
    const row = { changes: done, ...(await measureBoth(controlPlane, stays)) };
    rows.push(row);
    options.progress(row);
  }
  await stays.stop();
  await controlPlane.stop();
  return rows;
}

async function switchFlags(admin: Admin, first: number, count: number): Promise<void> {
  let next = first;
  const worker = async (): Promise<void> => {
    while (next < first + count) {
      const turn = next++;
      await admin.setEnabled(`flag-${turn % FLAGS}`, Math.floor(turn / FLAGS) % 2 === 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** Both at rest and at the same revision. */
async function measureBoth(
  controlPlane: HostedNode,
  evaluator: HostedNode,
): Promise<Pick<MemoryRow, 'controlPlane' | 'evaluator'>> {
  return until(
    async () => {
      const [ours, theirs] = [await controlPlane.measure(), await evaluator.measure()];
      return ours.revision === theirs.revision ? { controlPlane: ours, evaluator: theirs } : undefined;
    },
    { what: 'the evaluator to be at the head', timeoutMs: 120_000, intervalMs: 500 },
  );
}

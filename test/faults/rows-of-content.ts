// Rows of the failure table about what stands in the log, and about clocks: records that a reader cannot read or
// cannot take, and processes that do not agree on the time.

import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { recordCodec } from '@flagstream/protocol';
import { ENTITY_KIND, type EntityChange, LOG_ID, READER_VERSION, RECORD_FORMAT } from '@flagstream/replica';
import { runFlagstream } from '../support/flagstream.ts';
import { until } from '../support/until.ts';
import { type FaultContext, type FaultRow, must } from './fault-row.ts';
import { copyOf, type FaultSite, removeFolder, replaceFolder } from './fault-site.ts';
import { everythingShipped, openBus } from './nats-view.ts';

const HOUR_MS = 3_600_000;
const MARKER_FILE = 'applying';
const SKEWED_CLOCK: string = pathToFileURL(path.join(import.meta.dirname, 'skewed-clock.mjs')).href;

export const clocksDisagree: FaultRow = {
  row: 20,
  sentence: 'clocks are an hour off, in both directions, and jump by two: nothing depends on them',
  async run({ site, workload, full, healed }) {
    const skewed = (hours: number): { readonly env: Readonly<Record<string, string>> } => ({
      env: {
        NODE_OPTIONS: `--import=${SKEWED_CLOCK}`,
        FAULT_CLOCK_SKEW_MS: String(hours * HOUR_MS),
        FAULT_CLOCK_JUMP_MS: '5000',
      },
    });
    const [first, second] = site.evaluators;
    await Promise.all([site.controlPlane.crash(), first!.node.crash(), second!.node.crash()]);
    // The clocks stay wrong; what ends is that nobody is there.
    const recovered = healed();
    await site.controlPlane.start(skewed(1));
    await Promise.all([first!.node.start(skewed(-1)), second!.node.start(skewed(1))]);
    await recovered;
    await workload.goesOnFor(full ? 20_000 : 6_000);
  },
};

export const newerRecord: FaultRow = {
  row: 30,
  sentence: 'a record asks for a newer reader: evaluators stop before it and go on serving; none skips it',
  async run(context) {
    const { site, workload, healed } = context;
    await workload.pauseWrites();
    const copy = await copiedNatsStore(site);
    await site.controlPlane.crash();
    await appendForeign(site, { minReader: READER_VERSION + 1, changes: [] });
    for (const { node } of site.evaluators)
      await until(async () => (await node.metric('flagstream_log_alarms_total{alarm="frozen"}')) > 0, {
        what: `${node.name} to freeze`,
        timeoutMs: 20_000,
      });
    await workload.moreEvaluations(20);
    // The newer release is taken back: NATS without its record, evaluators started again.
    await site.withNatsStopped((store) => replaceFolder(store, copy));
    await Promise.all(site.evaluators.map(({ node }) => node.crash()));
    const recovered = healed();
    await site.controlPlane.start();
    await Promise.all(site.evaluators.map(({ node }) => node.start()));
    await recovered;
    workload.resumeWrites();
    await workload.moreWrites(5);
  },
};

export const poisonRecord: FaultRow = {
  row: 32,
  sentence:
    'a record holds an entity that does not compile: it alone is left out; a record that ends the process twice is not applied again',
  async run(context) {
    const { site, workload, healed } = context;
    await workload.pauseWrites();
    await everythingShipped(site);
    await site.controlPlane.crash();
    await appendForeign(site, { minReader: READER_VERSION, changes: [poison()] });
    const recovered = healed();
    await site.controlPlane.start();
    await recovered;
    workload.resumeWrites();
    await workload.moreWrites(5);
    await site.converged();
    for (const { node } of site.evaluators) {
      const left = await node.metric('flagstream_quarantined_entities{serving="none"}');
      must(left === 1, `one entity of ${node.name} in quarantine, not ${left}`);
    }
    await staysBeforeTheRecord(context);
  },
};

/** An evaluator finds the marker of a record over which it has died twice. */
async function staysBeforeTheRecord({ site, workload, healed }: FaultContext): Promise<void> {
  const evaluator = site.evaluators[0]!;
  const { node, cacheDir } = evaluator;
  await workload.pauseWrites();
  await site.converged();
  const { epoch, revision } = await site.head();
  await node.crash();
  await workload.write();
  const record = `${epoch}.${revision + 1}`;
  const { stdout } = await runFlagstream(['--version']);
  const marker = `applying=${record} last=${record} deaths=1 release=${stdout.trim()}\n`;
  writeFileSync(path.join(cacheDir, MARKER_FILE), marker);
  await node.start();
  await workload.moreEvaluations(10, evaluator);
  const applied = await node.metric('flagstream_applied_revision');
  must(applied === revision, `revision ${revision} to be served on, not ${applied}`);
  // A person has judged it harmless.
  await node.crash();
  removeFolder(path.join(cacheDir, MARKER_FILE));
  const recovered = healed();
  await node.start();
  await recovered;
  workload.resumeWrites();
}

function poison(): EntityChange {
  const content = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
  return {
    kind: ENTITY_KIND.flag,
    project: 'default',
    environment: '',
    key: 'poison',
    deleted: false,
    content,
    contentHash: createHash('sha256').update(content).digest(),
    tags: [],
    clientVisible: false,
  };
}

async function copiedNatsStore(site: FaultSite): Promise<string> {
  await everythingShipped(site);
  let copy = '';
  await site.withNatsStopped((store) => {
    copy = copyOf(store);
  });
  await everythingShipped(site);
  return copy;
}

interface Foreign {
  readonly minReader: number;
  readonly changes: readonly EntityChange[];
}

/** What another release might have written: the next record of the log, into NATS. */
async function appendForeign(site: FaultSite, { minReader, changes }: Foreign): Promise<void> {
  const bus = await openBus(site);
  const epoch = (await bus.epochs()).at(-1)!;
  const { lastSeq } = (await bus.logStreamInfo(epoch))!;
  const last = recordCodec.decodeRecord((await bus.readRecord(epoch, lastSeq))!);
  const { bytes } = recordCodec.encodeRecord({
    format: RECORD_FORMAT,
    logId: LOG_ID,
    epoch,
    revision: last.revision + 1,
    prevHash: last.hash,
    opId: randomUUID(),
    requestDigest: new Uint8Array(32),
    kind: 'change',
    actor: { id: 'newer release', kind: 'test' },
    wallMs: last.wallMs,
    comment: 'foreign',
    minReader,
    changes,
    parts: [],
  });
  const { kind } = await bus.append(epoch, bytes, lastSeq);
  must(kind === 'ok', `the record to be taken, not ${kind}`);
  await bus.close();
}

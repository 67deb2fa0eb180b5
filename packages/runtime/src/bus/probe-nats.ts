/**
 * Probes a nats-server for what Flagstream relies on: version, JetStream and
 * its room, message size, compare-and-set, and our own streams' settings. Leaves
 * nothing behind: its scratch stream is removed.
 */
import { fail, LIMITS, messageOf, NATS_PREFIX_PATTERN } from '@flagstream/protocol';
import type { JetStreamAccountStats } from 'nats';
import type { Logger } from '../log/logger.ts';
import { createScratch, raceFindings, removeScratch, type ScratchStream } from './cas-race.ts';
import type { Finding } from './finding.ts';
import { type Link, NatsLink, type NatsLinkOptions } from './nats-link.ts';
import { ownStreams, streamFindings } from './own-streams.ts';
import { monitorFindings } from './server-monitor.ts';
import { replicasFinding, versionFinding } from './server-version.ts';

export interface NatsProbeOptions extends Pick<NatsLinkOptions, 'credentials'> {
  /** `nats://host:port`, several separated by commas. */
  readonly url: string;
  readonly prefix: string;
  /** Size that the window of the log should have. Default 256 MiB. */
  readonly windowBytes?: number;
  /** `http://host:8222` of the server's monitoring port. */
  readonly monitor?: string;
  /** A person accepts replicas on a server whose replicas can differ. */
  readonly acceptReplicas: boolean;
  /** Subjects of answers start with it. */
  readonly inboxPrefix?: string;
  readonly timeoutMs: number;
  readonly logger: Logger;
}

export interface NatsProbe {
  readonly reachable: boolean;
  readonly findings: readonly Finding[];
}

/** Room for the scratch stream when the window's own stream is there already. */
const SCRATCH_BYTES = 1_048_576;

/** @throws FlagstreamError CONFIG_INVALID for a prefix that is none */
export async function probeNats(options: NatsProbeOptions): Promise<NatsProbe> {
  const { url, prefix } = options;
  if (!NATS_PREFIX_PATTERN.test(prefix))
    throw fail('CONFIG_INVALID', `nats.prefix "${prefix}" must consist of a-z, 0-9 and "-"`);
  const linkOptions: NatsLinkOptions = { ...options, name: 'flagstream doctor' };
  const link = new NatsLink(linkOptions);
  await link.open();
  try {
    const { current } = link;
    if (current === undefined)
      return {
        reachable: false,
        findings: [{ check: 'connection', verdict: 'fail', detail: `no nats-server answers at ${url}` }],
      };
    return {
      reachable: true,
      findings: await serverFindings(current, link.serverVersion, options, linkOptions),
    };
  } finally {
    await link.close();
  }
}

async function serverFindings(
  link: Link,
  version: string,
  options: NatsProbeOptions,
  linkOptions: NatsLinkOptions,
): Promise<readonly Finding[]> {
  const { prefix, monitor, acceptReplicas } = options;
  const windowBytes = options.windowBytes ?? LIMITS.logStreamBytesMax;
  const findings = [
    { check: 'connection', verdict: 'ok', detail: link.nc.getServer() } as const,
    versionFinding(version),
    payloadFinding(link.nc.info?.max_payload ?? 0),
  ];
  const account = await accountOf(link);
  if (typeof account === 'string')
    return [...findings, { check: 'JetStream', verdict: 'fail', detail: `not enabled: ${account}` }];
  const streams = await ownStreams(link.jsm, prefix);
  const replicas = Math.max(1, ...streams.map(({ config }) => config.num_replicas));
  const scratch: ScratchStream = {
    name: `${prefix.toUpperCase().replaceAll('-', '_')}_DOCTOR`,
    subject: `${prefix}.doctor`,
    replicas,
    maxBytes: streams.length === 0 ? windowBytes : SCRATCH_BYTES,
  };
  return [
    ...findings,
    ...(await storageFindings(link, account, scratch, windowBytes, linkOptions)),
    replicasFinding(version, replicas, acceptReplicas),
    ...streamFindings(prefix, streams, options.windowBytes),
    ...(await monitorFindings(monitor, windowBytes)),
  ];
}

function payloadFinding(maxPayload: number): Finding {
  const needed = LIMITS.streamMessageBytesMax;
  return {
    check: 'max_payload',
    verdict: maxPayload >= needed ? 'ok' : 'fail',
    detail: `${maxPayload} bytes; records and snapshots need ${needed}`,
  };
}

/** The reason, when there is no JetStream. */
async function accountOf({ jsm }: Link): Promise<JetStreamAccountStats | string> {
  try {
    return await jsm.getAccountInfo();
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether the window fits is asked of the server itself: a stream's size is reserved when it is made. */
async function storageFindings(
  { jsm }: Link,
  account: JetStreamAccountStats,
  scratch: ScratchStream,
  windowBytes: number,
  linkOptions: NatsLinkOptions,
): Promise<readonly Finding[]> {
  const { storage, limits } = account;
  const most = limits.max_storage < 0 ? 'no limit of the account' : `${limits.max_storage} bytes at most`;
  const detail = `${storage} bytes in use, ${most}; the window of the log is ${windowBytes}`;
  try {
    await createScratch(jsm, scratch);
  } catch (error) {
    const refused = `${detail}; a stream of ${scratch.maxBytes} bytes was refused: ${messageOf(error)}`;
    return [{ check: 'JetStream storage', verdict: 'fail', detail: refused }];
  }
  try {
    const races = await raceFindings(linkOptions, scratch);
    return [{ check: 'JetStream storage', verdict: 'ok', detail }, ...races];
  } finally {
    await removeScratch(jsm, scratch);
  }
}

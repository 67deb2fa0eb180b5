/**
 * What a service says of the server at each connection: the findings of
 * `flagstream doctor` about its version and our stream's replicas. A server may
 * be exchanged for another while services run, and nobody asks doctor then.
 */
import { logStreamName, messageOf } from '@flagstream/protocol';
import type { Logger } from '../log/logger.ts';
import type { Finding } from './finding.ts';
import { streamEpochs, unlessMissing } from './log-stream.ts';
import type { Link } from './nats-link.ts';
import { replicasFinding, versionFinding } from './server-version.ts';

/** Never rejects. */
export async function reportServer(
  { jsm }: Link,
  version: string,
  prefix: string,
  logger: Logger,
): Promise<void> {
  report(versionFinding(version), logger);
  try {
    const epoch = (await streamEpochs(jsm, prefix)).at(-1);
    if (epoch === undefined) return;
    const stream = await unlessMissing(jsm.streams.info(logStreamName(prefix, epoch)));
    report(replicasFinding(version, stream?.config.num_replicas ?? 1, false), logger);
  } catch (error) {
    logger.debug({ detail: messageOf(error) }, 'the replicas of the log stream could not be asked for');
  }
}

function report({ check, verdict, detail }: Finding, logger: Logger): void {
  if (verdict === 'fail')
    logger.error({ alarm: 'NATS_UNSAFE', check, detail }, 'this NATS server must not be relied on');
  else if (verdict === 'warn') logger.warn({ check, detail }, 'this NATS server has a known weakness');
}

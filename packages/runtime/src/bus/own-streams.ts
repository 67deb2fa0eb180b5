/** This installation's log streams as they are on a server, against what they should be. */
import { epochOfStream, LIMITS, logSubjectWildcard } from '@flagstream/protocol';
import type { JetStreamManager, StreamInfo } from 'nats';
import type { Finding } from './finding.ts';
import { differingSettings, logStreamConfig } from './log-stream.ts';

/** From the oldest epoch to the newest. */
export async function ownStreams(jsm: JetStreamManager, prefix: string): Promise<readonly StreamInfo[]> {
  const found: { readonly epoch: number; readonly info: StreamInfo }[] = [];
  for await (const info of jsm.streams.list(logSubjectWildcard(prefix))) {
    const epoch = epochOfStream(prefix, info.config.name);
    if (epoch !== undefined) found.push({ epoch, info });
  }
  return found.sort((a, b) => a.epoch - b.epoch).map(({ info }) => info);
}

/** @param windowBytes of the newest stream; undefined: as it is, and enough for one record of the largest size */
export function streamFindings(
  prefix: string,
  streams: readonly StreamInfo[],
  windowBytes: number | undefined,
): readonly Finding[] {
  const check = 'log stream';
  const newest = streams.at(-1);
  if (newest === undefined)
    return [
      { check, verdict: 'info', detail: 'not there yet: the control plane makes it at its first start' },
    ];
  const { config, state } = newest;
  const wanted = windowBytes ?? Math.max(config.max_bytes, LIMITS.streamMessageBytesMax);
  const epoch = epochOfStream(prefix, config.name) ?? 0;
  const differing = differingSettings(config, logStreamConfig(prefix, epoch, wanted));
  const held = `${config.name}: ${state.messages} records, ${state.bytes} of ${config.max_bytes} bytes, sequences ${state.first_seq} to ${state.last_seq}`;
  const older = streams.length === 1 ? '' : `; ${streams.length - 1} streams of older epochs`;
  if (differing.length === 0) return [{ check, verdict: 'ok', detail: held + older }];
  return [
    {
      check,
      verdict: 'warn',
      detail: `${held}; set otherwise than it should be: ${differing.join(', ')}; the control plane corrects it when it connects`,
    },
  ];
}

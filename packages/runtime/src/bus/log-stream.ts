/**
 * The JetStream stream of one epoch: exactly one subject, so that the stream's
 * last sequence is the log's, and a window of the log, so that a full stream
 * never stops distribution. Uses only what nats-server 2.9 has.
 */
import { epochOfStream, LIMITS, logStreamName, logSubject, logSubjectWildcard } from '@flagstream/protocol';
import {
  DiscardPolicy,
  type JetStreamManager,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';

/** nats-server's default; unused, since we send no message ids. */
const DUPLICATE_WINDOW_MS = 120_000;

const STREAM_NOT_FOUND = 10059;
const MESSAGE_NOT_FOUND = 10037;

export function logStreamConfig(prefix: string, epoch: number, maxBytes: number): Partial<StreamConfig> {
  return {
    name: logStreamName(prefix, epoch),
    subjects: [logSubject(prefix, epoch)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: 1,
    max_bytes: maxBytes,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_age: 0,
    max_msg_size: LIMITS.streamMessageBytesMax,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    deny_delete: true,
    deny_purge: true,
    // Direct gets are answered by any replica and may be stale right after a write.
    allow_direct: false,
    allow_rollup_hdrs: false,
  };
}

/**
 * What a stream that is there already is brought to: what would stop the log,
 * or let records go that the window should hold. Storage and retention are
 * fixed for ever; replicas are the operator's.
 */
const KEPT_IN_LINE = [
  'subjects',
  'discard',
  'max_bytes',
  'max_msgs',
  'max_msgs_per_subject',
  'max_age',
  'max_msg_size',
  'deny_delete',
  'deny_purge',
  'allow_direct',
  'allow_rollup_hdrs',
] as const satisfies readonly (keyof StreamConfig)[];

/** Epochs that have a stream, ascending. */
export async function streamEpochs(jsm: JetStreamManager, prefix: string): Promise<number[]> {
  const epochs: number[] = [];
  for await (const stream of jsm.streams.names(logSubjectWildcard(prefix))) {
    const epoch = epochOfStream(prefix, stream);
    if (epoch !== undefined) epochs.push(epoch);
  }
  return epochs.sort((a, b) => a - b);
}

/** Creates the stream, or brings the settings of an existing one in line. Answers the settings that it changed. */
export async function ensureStream(
  jsm: JetStreamManager,
  config: Partial<StreamConfig>,
): Promise<readonly string[]> {
  const name = config.name!;
  const existing = await unlessMissing(jsm.streams.info(name));
  if (existing === undefined) {
    await jsm.streams.add(config);
    return [];
  }
  const differing = differingSettings(existing.config, config);
  if (differing.length > 0) {
    const wanted = Object.fromEntries(
      Object.entries(config).filter(([setting]) => differing.includes(setting)),
    );
    await jsm.streams.update(name, { ...existing.config, ...wanted });
  }
  return differing;
}

/** Names of the settings that would be brought in line. */
export function differingSettings(
  is: Partial<StreamConfig>,
  wanted: Partial<StreamConfig>,
): readonly string[] {
  return KEPT_IN_LINE.filter((setting) => !sameSetting(is[setting], wanted[setting]));
}

/** Servers leave settings out that are off. */
function sameSetting(is: unknown, wanted: unknown): boolean {
  return JSON.stringify(is ?? false) === JSON.stringify(wanted);
}

/** Undefined instead of the error that says that there is no such stream or record. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof NatsError ? error.api_error?.err_code : undefined;
    if (code === STREAM_NOT_FOUND || code === MESSAGE_NOT_FOUND) return undefined;
    throw error;
  }
}

export function isMissingStream(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.err_code === STREAM_NOT_FOUND;
}

/**
 * Names in NATS. They carry a prefix, so that several installations, and
 * tests, can share a server: subjects in lower case, streams in upper case.
 */

/** Prefixes are [a-z0-9-]. */
export const NATS_PREFIX_PATTERN: RegExp = /^[a-z0-9][a-z0-9-]*$/;
export const NATS_PREFIX_DEFAULT = 'flagstream';

const streamPrefix = (prefix: string): string => prefix.toUpperCase().replaceAll('-', '_');

/** The one subject of an epoch's log. */
export const logSubject = (prefix: string, epoch: number): string => `${prefix}.log.${epoch}`;
export const logSubjectWildcard = (prefix: string): string => `${prefix}.log.>`;
/** The stream of an epoch's log. */
export const logStreamName = (prefix: string, epoch: number): string =>
  `${streamPrefix(prefix)}_LOG_E${epoch}`;
export const headSubject = (prefix: string): string => `${prefix}.head`;
/** Requests for the head: answered by the control plane at once, so that an answer proves how fresh a follower is. */
export const headRequestSubject = (prefix: string): string => `${prefix}.head.get`;
/** The object store that holds the newest snapshots. */
export const snapshotBucketName = (prefix: string): string => `${streamPrefix(prefix)}_SNAPSHOT`;

/** The epoch of a log stream's name, or undefined when it is another's. */
export function epochOfStream(prefix: string, stream: string): number | undefined {
  const start = `${streamPrefix(prefix)}_LOG_E`;
  if (!stream.startsWith(start)) return undefined;
  const digits = stream.slice(start.length);
  return /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : undefined;
}

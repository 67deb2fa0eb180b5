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
/** What a node tells of itself, under its own subject, so that a NATS user can be held to one. */
export const reportSubject = (prefix: string, nodeId: string): string =>
  `${prefix}.report.${subjectToken(nodeId)}`;
export const reportSubjectWildcard = (prefix: string): string => `${prefix}.report.*`;
/** The object store that holds the newest snapshots. */
export const snapshotBucketName = (prefix: string): string => `${streamPrefix(prefix)}_SNAPSHOT`;

/** The epoch of a log stream's name, or undefined when it is another's. */
export function epochOfStream(prefix: string, stream: string): number | undefined {
  const start = `${streamPrefix(prefix)}_LOG_E`;
  if (!stream.startsWith(start)) return undefined;
  const digits = stream.slice(start.length);
  return /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : undefined;
}

/** A name as one token of a subject: any other character than these is a percent sign and the hex of its UTF-8. */
function subjectToken(name: string): string {
  const percent = (character: string): string =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return name.replace(/[^A-Za-z0-9_-]/gu, percent);
}

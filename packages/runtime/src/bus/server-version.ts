/**
 * What is known of nats-server by its version. Pure; each bound is that of a
 * release in which something that Flagstream relies on was mended.
 */
import type { Finding } from './finding.ts';

type Version = readonly [major: number, minor: number, patch: number];

/** First with everything that is used: consumers by pull, purge by subject. */
const OLDEST: Version = [2, 9, 0];
/** First whose sync interval can be set. */
const SYNC_CAN_BE_SET: Version = [2, 10, 0];
/** 2.10.20 to 2.10.22 could forget a whole stream after a crash. */
const FORGETS_FROM: Version = [2, 10, 20];
const FORGETS_UNTIL: Version = [2, 10, 23];
/** Before it, replicas of a stream could come to hold different records without any error. */
const REPLICAS_AGREE: Version = [2, 10, 27];

export function versionFinding(version: string): Finding {
  const check = 'version';
  if (isBefore(version, OLDEST))
    return { check, verdict: 'fail', detail: `nats-server ${version}: 2.9.0 or newer is needed` };
  if (isBefore(version, SYNC_CAN_BE_SET))
    return {
      check,
      verdict: 'warn',
      detail: `nats-server ${version} acknowledges before it has synced to disk, and syncs once a minute: a power loss may take the newest records, which the control plane then ships again; from 2.10 on sync_interval: always prevents it`,
    };
  if (!isBefore(version, FORGETS_FROM) && isBefore(version, FORGETS_UNTIL))
    return {
      check,
      verdict: 'warn',
      detail: `nats-server ${version} can forget a stream after a crash: use 2.10.23 or newer`,
    };
  return { check, verdict: 'ok', detail: `nats-server ${version}` };
}

/**
 * @param replicas of our streams
 * @param accepted a person accepts the risk
 */
export function replicasFinding(version: string, replicas: number, accepted: boolean): Finding {
  const check = 'replicas';
  if (replicas <= 1) return { check, verdict: 'ok', detail: 'one: each record has one order' };
  if (!isBefore(version, REPLICAS_AGREE))
    return {
      check,
      verdict: 'ok',
      detail: `${replicas}; set sync_interval: always on each server, or a power loss can undo what was acknowledged`,
    };
  return {
    check,
    verdict: accepted ? 'warn' : 'fail',
    detail: `${replicas} on nats-server ${version}: before 2.10.27 replicas can come to hold different records without any error; use one replica or a newer server${accepted ? '' : ' (flagstream doctor --i-know accepts the risk)'}`,
  };
}

function isBefore(version: string, bound: Version): boolean {
  const numbers = version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);
  const differing = bound.findIndex((part, i) => part !== (numbers[i] ?? 0));
  return differing >= 0 && (numbers[differing] ?? 0) < bound[differing]!;
}

/**
 * The fleet as its nodes report it: the newest report of each, and what that
 * says of a revision. Pure: time is an argument. Soft state, and only a view:
 * nothing here may decide about a write, for whoever may report could invent it.
 *
 * Holds true: a client counts as having a revision only where its node has
 * said so; a node that is silent, has not got so far, or follows another branch
 * of the log, leaves all of its clients owing, but for those that are counted
 * at another node by now; a client that left owing is not forgotten for having
 * left.
 */
import { LIMITS, unixMsOf } from '@flagstream/protocol';
import type {
  ClientReport,
  EnvironmentReport,
  NodeReport,
  ReportedStreams,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { isBefore, type Place as Position } from '@flagstream/replica';
import type { Place } from '@flagstream/runtime';
import {
  countsWithout,
  type Delivered,
  environmentIn,
  type IsOurs,
  lacks,
  ofEnded,
  ofNode,
  owingOf,
  positionOf,
  untold,
} from './delivered.ts';
import { EndedLongAgo } from './ended-long-ago.ts';
import { GoneStreams, streamsGone } from './gone-streams.ts';

/** A node as it is known. */
export interface KnownNode {
  /** Without clients that are at other nodes by now. */
  readonly report: NodeReport;
  readonly silentMs: number;
  readonly lost: boolean;
}

interface Heard {
  readonly report: NodeReport;
  readonly heardMs: number;
  /** The head of the log when its process was heard of first. */
  readonly since: Position;
  /** Of the streams that the report counts. */
  readonly gone: GoneStreams;
}

/** A process that has ended: its clients have left, whatever they owed. */
interface Ended extends Heard {
  /** What was committed later, its clients never owed. */
  readonly until: Position;
}

export class Fleet {
  readonly #nodes = new Map<string, Heard>();
  /** Oldest first. */
  #ended: Ended[] = [];
  readonly #endedLongAgo = new EndedLongAgo();
  /** The newest sequence of processes that ended, oldest first: what was sent before comes late, and says nothing. */
  readonly #endedBoots = new Map<string, bigint>();
  readonly #listeners = new Set<() => void>();
  /** What the newest reports tell of streams at other processes, by process and environment; made when it is asked for. */
  #lostStreams: ReadonlyMap<string, readonly ReportedStreams[]> | undefined;

  /** Called after each report. Returns how to stop. */
  onReport(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param head of the log
   * @param nowMs monotonic
   */
  take(report: NodeReport, head: Position, nowMs: number): void {
    if (report.sequence <= (this.#endedBoots.get(bootOf(report)) ?? -1n)) return;
    const known = this.#nodes.get(report.nodeId);
    const isSame = known?.report.bootId === report.bootId;
    // Over two ways a later one may come first.
    if (isSame && report.sequence <= known.report.sequence) return;
    const another = isSame ? undefined : known;
    const since = isSame ? known.since : { epoch: head.epoch, revision: head.revision };
    const heard = { report, heardMs: nowMs, since, gone: new GoneStreams() };
    this.#lives(report);
    if (another !== undefined && isSucceeded(report, another, nowMs)) {
      // Its process had ended when its successor was heard of first.
      this.#end(heard, another.since);
    } else {
      if (another !== undefined) this.#end(another, head);
      if (report.leaving) {
        this.#nodes.delete(report.nodeId);
        this.#end(heard, head);
      } else this.#nodes.set(report.nodeId, heard);
    }
    this.#lostStreams = undefined;
    this.#knowGone(heard, head);
    for (const listener of this.#listeners) listener();
  }

  /** `live`: it is not forgotten, for its clients would owe nothing until its next report. */
  forget(nodeId: string, nowMs: number): 'forgotten' | 'unknown' | 'live' {
    const known = this.#nodes.get(nodeId);
    if (known === undefined) return 'unknown';
    if (nowMs - known.heardMs <= LIMITS.nodeLostMs) return 'live';
    this.#lostStreams = undefined;
    this.#nodes.delete(nodeId);
    return 'forgotten';
  }

  nodes(nowMs: number): KnownNode[] {
    return [...this.#nodes.values()].map((heard) => {
      const { report, heardMs } = heard;
      const silentMs = nowMs - heardMs;
      const environments = report.environments.map((one) => {
        const counts = countsWithout(one, owingOf(one), this.#away(heard, one));
        // Whose SDK is whose is not known before all of them are elsewhere.
        return { ...one, ...counts, sdks: counts.clients === 0 ? [] : one.sdks };
      });
      return { report: { ...report, environments }, silentMs, lost: silentMs > LIMITS.nodeLostMs };
    });
  }

  /** Instances that left other nodes owing, or lag there: whether they are here, this node is asked. */
  wantedOf(nodeId: string): string[] {
    const wanted = new Set<string>();
    const want = (clients: readonly ClientReport[]): void => {
      for (const { instanceId } of clients)
        if (wanted.size < LIMITS.wantedInstancesMax) wanted.add(instanceId);
    };
    for (const [other, { report }] of this.#nodes)
      if (other !== nodeId) for (const { departed } of report.environments) want(departed);
    // One of a node that died, or whose stream there is dead and not noticed yet.
    for (const [other, { report }] of this.#nodes)
      if (other !== nodeId) for (const { laggards } of report.environments) want(laggards);
    // The newest first: the others are less likely to be asked for.
    for (const { report } of this.#ended.toReversed())
      for (const { departed, laggards } of report.environments) want([...departed, ...laggards]);
    return [...wanted];
  }

  /** What is known about a revision that changed these places, by node and place. */
  delivered(target: Position, places: readonly Place[], isOurs: IsOurs): Delivered[] {
    const found = this.#found();
    const isBackIn =
      (place: Place) =>
      ({ instanceId }: ClientReport): boolean =>
        !isBefore(found.get(keyIn(place, instanceId)), target);
    const all: Delivered[] = [];
    const gone = (heard: Heard, environment: EnvironmentReport): number =>
      Math.max(heard.gone.before(environment, target), this.#goneNow(heard.report, environment));
    for (const heard of this.#nodes.values())
      for (const [place, environment] of environmentsOf(heard.report, places)) {
        const known = { target, lacks: lacks(heard.report, target, isOurs), isBack: isBackIn(place) };
        const counts = ofNode(environment, known, gone(heard, environment));
        all.push({ nodeId: heard.report.nodeId, place, ...counts });
      }
    for (const { report } of this.#nodes.values())
      all.push(...untold(report, places, target, isOurs, 'owing'));
    for (const ended of this.#ended) {
      if (isBefore(ended.until, target)) continue;
      for (const [place, environment] of environmentsOf(ended.report, places)) {
        const known = { target, lacks: lacks(ended.report, target, isOurs), isBack: isBackIn(place) };
        const counts = ofEnded(ended.report, environment, known, gone(ended, environment));
        all.push({ nodeId: ended.report.nodeId, place, ...counts });
      }
      all.push(...untold(ended.report, places, target, isOurs, 'departed'));
    }
    all.push(...this.#endedLongAgo.delivered(places, target));
    return all;
  }

  /** Of this process and of those that it speaks of. */
  #knowGone(heard: Heard, head: Position): void {
    const told = new Set(heard.report.environments.flatMap(({ moved }) => moved.map(({ bootId }) => bootId)));
    for (const { report, gone } of [...this.#nodes.values(), ...this.#ended])
      if (report === heard.report || told.has(report.bootId))
        for (const environment of report.environments)
          gone.know(environment, this.#goneNow(report, environment), head);
  }

  /** Streams of a process whose clients are counted elsewhere, or were at some time. */
  #away({ report, gone }: Heard, environment: EnvironmentReport): number {
    return Math.max(gone.ever(environment), this.#goneNow(report, environment));
  }

  /** Streams of a process whose clients are counted elsewhere at this moment. */
  #goneNow({ bootId, sequence }: NodeReport, environment: EnvironmentReport): number {
    this.#lostStreams ??= this.#allLostStreams();
    const told = this.#lostStreams.get(keyIn(environment, bootId));
    return told === undefined ? 0 : streamsGone(environment, sequence, told);
  }

  #allLostStreams(): ReadonlyMap<string, readonly ReportedStreams[]> {
    const all = new Map<string, ReportedStreams[]>();
    for (const { report } of [...this.#nodes.values(), ...this.#ended])
      for (const environment of report.environments)
        for (const { bootId, streams } of environment.moved) {
          const key = keyIn(environment, bootId);
          all.set(key, [...(all.get(key) ?? []), ...streams]);
        }
    return all;
  }

  #found(): ReadonlyMap<string, Position> {
    const found = new Map<string, Position>();
    for (const { report } of this.#nodes.values())
      for (const { instanceId, revision, project, environment } of report.found) {
        const key = keyIn({ project, environment }, instanceId);
        const position = positionOf(revision);
        if (isBefore(found.get(key), position)) found.set(key, position);
      }
    return found;
  }

  /** It was taken for ended by a report of another process that came late. */
  #lives(report: NodeReport): void {
    if (!this.#endedBoots.delete(bootOf(report))) return;
    this.#ended = this.#ended.filter((ended) => bootOf(ended.report) !== bootOf(report));
  }

  #end(heard: Heard, head: Position): void {
    this.#endedBoots.set(bootOf(heard.report), heard.report.sequence);
    const [oldest] = this.#endedBoots.keys();
    if (this.#endedBoots.size > LIMITS.endedNodesMax) this.#endedBoots.delete(oldest!);
    const { environments, otherClients, otherOwing } = heard.report;
    const tells =
      otherClients + otherOwing > 0 ||
      environments.some(({ clients, departedClients }) => clients + departedClients > 0);
    if (!tells) return;
    this.#ended.push({ ...heard, until: { epoch: head.epoch, revision: head.revision } });
    if (this.#ended.length <= LIMITS.endedNodesMax) return;
    const [first] = this.#ended.splice(0, 1);
    for (const environment of first!.report.environments)
      this.#endedLongAgo.add(first!.report, environment, this.#away(first!, environment), first!.until);
  }
}

function bootOf({ nodeId, bootId }: NodeReport): string {
  return `${nodeId}/${bootId}`;
}

/** A report of an earlier process, which comes late; unless the other one has fallen silent: clocks are set back at times. */
function isSucceeded({ startTime }: NodeReport, known: Heard, nowMs: number): boolean {
  const succeeded = known.report.startTime;
  if (startTime === undefined || succeeded === undefined) return false;
  return unixMsOf(startTime) < unixMsOf(succeeded) && nowMs - known.heardMs <= LIMITS.nodeLostMs;
}

/** Of a client or a process: each of several environments may have one of the same name. */
function keyIn({ project, environment }: Place, name: string): string {
  return `${project}/${environment}/${name}`;
}

function* environmentsOf(
  report: NodeReport,
  places: readonly Place[],
): Generator<readonly [Place, EnvironmentReport]> {
  for (const place of places) {
    const environment = environmentIn(report, place);
    if (environment !== undefined) yield [place, environment];
  }
}

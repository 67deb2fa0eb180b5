/** What a control plane knows of its nodes' clients: production's fleet and rollouts, in one of its lives. */
import { environmentName, revisionNumber } from '@flagstream/protocol';
import { NodeReport, type Rollout } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Codec, Position } from '@flagstream/replica';
import { EVERYWHERE, KeyRing, KeyUse, type Principal, VERBS } from '@flagstream/runtime';
import { Reads } from '../../../services/control-plane/src/admin/reads.ts';
import { Fleet } from '../../../services/control-plane/src/fleet/fleet.ts';
import { NodeReports } from '../../../services/control-plane/src/fleet/node-reports.ts';
import { Rollouts } from '../../../services/control-plane/src/fleet/rollouts.ts';
import type { ChangeLog } from '../../../services/control-plane/src/log/change-log.ts';
import { History as LogHistory } from '../../../services/control-plane/src/log/history.ts';
import type { History } from '../checkers/history.ts';
import { ENVIRONMENT, PROJECT } from '../world/content.ts';
import type { Process } from '../world/process.ts';
import { silentLogger } from '../world/silent-logger.ts';

export const NATS_PREFIX = 'sim';
const LOOK_MS = 1_000;
/** Short, so that rollouts are judged while things break. */
const SETTLE_MS = 2_500;
/** Newest changes of the observed environment that are looked at. */
const TARGETS = 3;
/** Revisions below the head among which they are. */
const BACK = 12;
const OBSERVED = environmentName(PROJECT, ENVIRONMENT);
const VERB_SET: Principal['verbs'] = new Set(VERBS);
const ANYBODY: Principal = {
  kind: 'anonymous',
  id: 'simulation',
  project: PROJECT,
  environment: ENVIRONMENT,
  verbs: VERB_SET,
  grants: [{ ...EVERYWHERE, verbs: VERB_SET }],
};

export interface FleetViewParts {
  readonly process: Process;
  readonly log: ChangeLog;
  readonly codec: Codec;
  readonly history: History;
}

export class FleetView {
  readonly #parts: FleetViewParts;
  readonly #fleet = new Fleet();
  readonly #reports: NodeReports;
  readonly #rollouts: Rollouts;

  constructor(parts: FleetViewParts) {
    const { process, log, codec } = parts;
    this.#parts = parts;
    const past = new LogHistory(log.store, codec);
    this.#reports = new NodeReports({
      use: new KeyUse(),
      ring: new KeyRing(),
      fleet: this.#fleet,
      head: () => log.head(),
      now: process.wallMs,
      monotonicMs: process.nowMs,
      natsPrefix: NATS_PREFIX,
      logger: silentLogger,
    });
    this.#rollouts = new Rollouts({
      fleet: this.#fleet,
      log,
      history: past,
      reads: new Reads(log, past),
      monotonicMs: process.nowMs,
      settledMs: process.nowMs() + SETTLE_MS,
    });
  }

  open(): void {
    this.#parts.process.every(LOOK_MS, () => this.#look());
  }

  take(report: NodeReport): readonly string[] {
    this.#heardOf(report);
    return this.#reports.take(report);
  }

  heard(subject: string, bytes: Uint8Array): void {
    this.#heardOf(NodeReport.decode(bytes));
    this.#reports.heard(subject, bytes);
  }

  /** It knows these lives of evaluators, and no other one. */
  knowsJust(boots: readonly string[]): boolean {
    const known = this.#fleet.nodes(this.#parts.process.nowMs()).map(({ report }) => report.bootId);
    return known.sort().join() === [...boots].sort().join();
  }

  /** Of the newest change of the observed environment. */
  newest(): Rollout | undefined {
    return this.#newestRollouts(1)[0];
  }

  #look(): void {
    for (const rollout of this.#newestRollouts(TARGETS)) this.observe(rollout);
  }

  /** @param quietClients how many clients there are, once all is well */
  observe(rollout: Rollout, quietClients?: number): void {
    const { log, history } = this.#parts;
    const { complete, applied, owing, departed } = rollout;
    const stored = log.store.recordAt(revisionNumber(rollout.revision!.revision))!;
    const target: Position = { epoch: stored.epoch, revision: stored.revision, hash: stored.hash };
    const told = { complete, applied, owing, departed };
    history.observe({ type: 'rollout', target, told, quietClients });
  }

  #heardOf({ bootId, sequence }: NodeReport): void {
    this.#parts.history.observe({ type: 'report-taken', boot: bootId, sequence });
  }

  #newestRollouts(count: number): readonly Rollout[] {
    const { log } = this.#parts;
    const found: Rollout[] = [];
    const head = log.head().revision;
    for (let revision = head; revision > Math.max(0, head - BACK) && found.length < count; revision--) {
      const stored = log.store.recordAt(revision);
      if (stored === undefined) break;
      const target: Position = { epoch: stored.epoch, revision, hash: stored.hash };
      const rollout = this.#rollouts.rollout(target, ANYBODY);
      if (rollout.environments.includes(OBSERVED)) found.push(rollout);
    }
    return found;
  }
}

/** A served environment and a session over it, told what a client does and when. For tests. */
import { ORIGIN, type Position } from './position.ts';
import type { SyncEnvironment } from './sync-environment.ts';
import {
  type ClientFrame,
  type Have,
  type Hello,
  type NackCode,
  SYNC_PROTOCOL_VERSION,
} from './sync-frames.ts';
import { SyncServerSession } from './sync-server.ts';
import type { SyncServerEffect, SyncServerEvent, SyncServerSettings } from './sync-server-events.ts';

export const SETTINGS = {
  node: 'n',
  sessionId: 's',
  helloTimeoutMs: 5_000,
  heartbeatMs: 10_000,
  heartbeatMsMin: 1_000,
  heartbeatMsMax: 60_000,
  heartbeatsMissedMax: 2.5,
  ackTimeoutMs: 30_000,
  nackRetryMs: 300_000,
  frameBytesMax: 262_144,
  sessionTtlMs: 1_800_000,
  rebalanceMs: 30_000,
  bootId: 'boot',
  reportSequence: () => 0,
  reconnectSpreadMs: () => 2_000,
  random: () => 0.5,
};
const LOG = new Uint8Array(32).fill(1);
export const at = (revision: number, epoch = 1): Position => ({
  epoch,
  revision,
  hash: new Uint8Array(32).fill(revision),
});
export const digestAt = (revision: number): Have['digest'] => ({ hi: 7n, lo: BigInt(revision) });

/** An environment whose content at a revision is told by its digest alone. */
class Environment implements SyncEnvironment {
  readonly project = 'p';
  readonly environment = 'dev';
  revision = 10;
  changed = 10;
  epoch = 1;
  floor = 5;
  head = (): Position => (this.revision === 0 ? ORIGIN : at(this.revision, this.epoch));
  changedRevision = (): number => this.changed;
  digest = (): Have['digest'] => digestAt(this.changed);
  log = LOG;
  /** From here on the applied records are others than those that positions of `at` name. */
  branchedAt = Number.POSITIVE_INFINITY;
  logIdentity = (): Uint8Array => this.log;
  canDelta = ({ revision, hash }: Position): boolean =>
    revision >= this.floor && revision < this.branchedAt && hash[0] === revision;
  hasWithdrawn = ({ revision }: Position): boolean => revision >= this.branchedAt;
  freshness = () => ({ stalenessMs: 0, estimated: true, source: 'live' }) as const;

  /** A revision that changes this environment, or another one. */
  move(touches = true): void {
    this.revision += 1;
    if (touches) this.changed = this.revision;
  }
}

export const have = (revision: number, digest = digestAt(revision)): Have => ({
  position: at(revision),
  digest,
  logIdentity: LOG,
});

export const hello = (held?: Have, over: Partial<Hello> = {}): ClientFrame => ({
  type: 'hello',
  hello: {
    protoMin: SYNC_PROTOCOL_VERSION,
    protoMax: SYNC_PROTOCOL_VERSION,
    instanceId: 'i',
    sdk: { name: '', version: '', language: '' },
    have: held,
    maxFrameBytes: 0,
    heartbeatMs: 0,
    attempt: 0,
    filtered: false,
    lostStreams: [],
    ...over,
  },
});

export class Bench {
  readonly env = new Environment();
  nowMs = 0;
  /** Full transfers get their turn at once. */
  grantsTurns = true;
  readonly session: SyncServerSession;

  constructor(over: Partial<SyncServerSettings> = {}) {
    this.session = new SyncServerSession(this.env, { ...SETTINGS, ...over }, 0);
  }

  tell(event: SyncServerEvent): readonly SyncServerEffect[] {
    return this.session
      .handle(event, this.nowMs)
      .flatMap((effect) =>
        effect.type === 'ask-turn' && this.grantsTurns ? this.tell({ type: 'turn' }) : [effect],
      );
  }

  frame(frame: ClientFrame): readonly SyncServerEffect[] {
    return this.tell({ type: 'frame', frame });
  }

  ack(revision: number, epoch = this.env.epoch): readonly SyncServerEffect[] {
    const held = { ...have(revision), position: at(revision, epoch) };
    return this.frame({ type: 'ack', transferId: revision, have: held, applyUs: 1 });
  }

  nack(revision: number, code: NackCode): readonly SyncServerEffect[] {
    return this.frame({ type: 'nack', transferId: revision, code, detail: 'd', bad: [], have: undefined });
  }

  pong(held: Have): readonly SyncServerEffect[] {
    return this.frame({ type: 'pong', nonce: 1, have: held, clientNonce: 42 });
  }

  head(touches = true): readonly SyncServerEffect[] {
    this.env.move(touches);
    return this.tell({ type: 'head' });
  }

  tick(afterMs: number): readonly SyncServerEffect[] {
    this.nowMs += afterMs;
    return this.tell({ type: 'tick' });
  }
}

export const intent = (effects: readonly SyncServerEffect[]): string | undefined =>
  effects.flatMap((effect) => (effect.type === 'welcome' ? [effect.welcome.intent] : []))[0];
export const closeOf = (effects: readonly SyncServerEffect[]): string | undefined =>
  effects.flatMap((effect) => (effect.type === 'close' ? [effect.reason] : []))[0];

/** Live at revision 10, nothing owed. */
export function live(): Bench {
  const b = new Bench();
  b.frame(hello());
  b.ack(10);
  return b;
}

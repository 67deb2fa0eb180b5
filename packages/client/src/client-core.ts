/**
 * A client's life: start from what lies at hand, follow the stream, keep the
 * copy, tell the application, close. The state itself stands in StateInForce.
 */
import { FlagstreamError, fail, LIMITS, messageOf } from '@flagstream/protocol';
import type { ClientSet, EntityId, Freshness, Position } from '@flagstream/replica';
import { closedError, notReachedError } from './client-errors.ts';
import type { ClientEvents, ClientStatus, StateSource } from './client-events.ts';
import type { Settings } from './client-options.ts';
import { Emitter } from './emitter.ts';
import type { Provenance } from './flag-details.ts';
import type { FlagHolder } from './flag-holder.ts';
import { ReadyGate } from './ready-gate.ts';
import { SDK_INFO } from './sdk-info.ts';
import { StalenessWatch } from './staleness-watch.ts';
import { bootstrapState, loadBootstrapFile } from './state/bootstrap-state.ts';
import { definitionErrors } from './state/definition-errors.ts';
import type { Advance } from './state/flag-state.ts';
import type { Scope } from './state/scope.ts';
import { StateInForce } from './state/state-in-force.ts';
import { DiskCopyWriter, readDiskCopy } from './store/disk-copy-file.ts';
import { SyncConnector, type SyncHost } from './sync/sync-connector.ts';

/** Entities of one transfer: an environment of 100,000 flags with their configurations and segments. */
const TRANSFER_ENTITIES_MAX = 300_000;
/** Name resolution, connection, TLS and the server's Welcome together. */
const WELCOME_TIMEOUT_MS = 10_000;

export class ClientCore implements FlagHolder, SyncHost {
  readonly inForce: StateInForce;
  readonly events: Emitter<ClientEvents>;
  readonly #settings: Settings;
  readonly #ready: ReadyGate<StateSource>;
  readonly #live: ReadyGate<void>;
  readonly #connector: SyncConnector;
  readonly #staleness: StalenessWatch;
  readonly #writer: DiskCopyWriter | undefined;
  readonly #started: Promise<void>;
  #node: string | undefined;
  #lastError: FlagstreamError | undefined;
  /** Of a stream, since one was live. */
  #lastFailure: { readonly error: FlagstreamError; readonly endpoint: string } | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    const { clock, scope, endpoints, dial, random, instanceId, heartbeatMs, cacheDir, logger } = settings;
    this.#settings = settings;
    this.inForce = new StateInForce(clock, scope);
    this.events = new Emitter((event, thrown) => {
      logger.error({ event, err: thrown }, 'a listener threw');
    });
    this.#staleness = new StalenessWatch({
      clock,
      maxMs: settings.maxStalenessMs,
      ageMs: () => this.inForce.staleness().ms,
      changed: (tooOld) => this.#aged(tooOld),
    });
    this.#ready = new ReadyGate(clock);
    this.#live = new ReadyGate(clock);
    const session = {
      instanceId,
      sdk: SDK_INFO,
      heartbeatMs,
      frameBytesMax: LIMITS.syncFrameBytesMax,
      heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
      transferEntitiesMax: TRANSFER_ENTITIES_MAX,
      welcomeTimeoutMs: WELCOME_TIMEOUT_MS,
    };
    this.#connector = new SyncConnector({ endpoints, settings: session, dial, clock, random }, this);
    if (cacheDir !== undefined)
      this.#writer = new DiskCopyWriter({
        dir: cacheDir,
        clock,
        current: () => this.inForce.copy(),
        onError: (thrown) => this.#report(diskCopyError(thrown)),
      });
    this.#started = this.#start();
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  status(): ClientStatus {
    const { scope, held, quarantines } = this.inForce.state;
    const { ms, estimated, source } = this.inForce.staleness();
    const { position } = held;
    return {
      state: this.#stateName(),
      source,
      ...scope,
      position: position && { epoch: position.epoch, revision: position.revision },
      stalenessMs: ms,
      stalenessEstimated: estimated,
      node: this.#node,
      lastError: this.#lastError,
      quarantined: [...quarantines.values()].map(({ entity, key, problem, inForce }) => ({
        entity,
        key,
        code: problem.code,
        message: problem.message,
        held: inForce,
      })),
    };
  }

  #stateName(): ClientStatus['state'] {
    if (this.closed) return 'closed';
    if (this.#node !== undefined && !this.#staleness.tooOld) return 'live';
    return this.inForce.ready ? 'stale' : 'connecting';
  }

  /** @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed. */
  async waitForReady(timeoutMs: number): Promise<StateSource> {
    const { source } = this.inForce.state;
    if (source !== 'none') return source;
    return await this.#wait(this.#ready, timeoutMs, 'no flags arrived');
  }

  /** @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed. */
  async waitForLive(timeoutMs: number): Promise<void> {
    if (this.#node === undefined) await this.#wait(this.#live, timeoutMs, 'no stream came up');
  }

  #wait<T>(gate: ReadyGate<T>, timeoutMs: number, missing: string): Promise<T> {
    if (this.closed) return Promise.reject(closedError());
    return gate.wait(timeoutMs, () =>
      notReachedError(missing, timeoutMs, {
        endpoints: this.#settings.endpoints,
        failed: this.#lastFailure,
        lastError: this.#lastError,
      }),
    );
  }

  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#ready.refuse(closedError());
    this.#live.refuse(closedError());
    await this.#started;
    await this.#connector.close(reason);
    this.#staleness.stop();
    this.#node = undefined;
    await this.#writer?.flush();
    this.events.emit('closed', { reason });
  }

  /** The disk copy comes before the bootstrap file: a server wrote it, and the next delta starts from it. */
  async #start(): Promise<void> {
    if (!(await this.#startFromCopy())) await this.#startFromBootstrap();
    if (this.closed) return;
    if (this.inForce.ready) this.events.emit('stale', { reason: 'no server has answered yet' });
    this.#connector.start();
  }

  async #startFromCopy(): Promise<boolean> {
    const { cacheDir, scope } = this.#settings;
    if (cacheDir === undefined) return false;
    const reading = await readDiskCopy(cacheDir, scope);
    if (reading.kind === 'damaged') this.#report(diskCopyError(reading.detail));
    if (reading.kind !== 'read') return false;
    const advance = this.inForce.takeCopy(reading.copy);
    this.#becameReady('cache');
    for (const error of definitionErrors(advance.quarantined)) this.#report(error);
    return true;
  }

  async #startFromBootstrap(): Promise<void> {
    const { bootstrap, scope } = this.#settings;
    if (bootstrap === undefined) return;
    try {
      const { state, problems } =
        'file' in bootstrap
          ? await loadBootstrapFile(bootstrap.file, scope)
          : bootstrapState(bootstrap.document, scope, 'bootstrap document');
      this.inForce.takeBootstrap(state);
      this.#becameReady('bootstrap');
      for (const error of definitionErrors(problems.map((problem) => ({ problem })))) this.#report(error);
    } catch (thrown) {
      // A server may still answer: a bad document is reported, not fatal.
      const unusable = (): FlagstreamError => fail('INVALID_DOCUMENT', String(thrown), { cause: thrown });
      this.#report(thrown instanceof FlagstreamError ? thrown : unusable());
    }
  }

  #becameReady(source: StateSource): void {
    this.#settings.logger.info({ source }, 'flags are in force');
    this.events.emit('ready', { source });
    this.#ready.open(source);
  }

  // ---- what the connector asks and tells ----

  held(): ClientSet {
    return this.inForce.state.held;
  }

  apply(scope: Scope, set: ClientSet, touched: readonly EntityId[], withdrawn: Position | undefined): void {
    const wasReady = this.inForce.ready;
    const advance = this.inForce.takeTransfer(scope, set, touched);
    this.#writer?.changed();
    if (withdrawn !== undefined) this.#tellWithdrawn(withdrawn);
    if (wasReady) this.#tellChange(advance);
    else this.#becameReady('server');
    // The rest of the transfer is in force, so it is acknowledged: refusing it would keep every
    // other flag back for the sake of one that this release cannot use, and a restart would have
    // none of them. The entity stays at its last good definition and is reported here.
    for (const error of definitionErrors(advance.quarantined)) this.#report(error);
  }

  fresh(set: ClientSet, freshness: Freshness, receivedMs: number, provenMs: number | undefined): void {
    this.inForce.fresh(set, freshness, receivedMs, provenMs);
    if (this.#node !== undefined) this.#staleness.check();
  }

  live(node: string): void {
    this.#node = node;
    this.#lastError = undefined;
    this.#lastFailure = undefined;
    const { epoch, revision } = this.inForce.provenance();
    const { logger, scope } = this.#settings;
    const served = this.inForce.state.scope;
    logger.info({ node, epoch, revision, ...served }, 'the stream is live');
    if (served.project !== scope.project || served.environment !== scope.environment)
      logger.warn(served, 'the key belongs to another environment than the options name: name that one');
    this.events.emit('live', { node, epoch, revision });
    this.#live.open();
    this.#staleness.check();
  }

  /** The stream is up, and the bound went over what the options allow, or came back. */
  #aged(tooOld: boolean): void {
    const { maxStalenessMs } = this.#settings;
    if (tooOld) this.events.emit('stale', { reason: `answers may be older than ${maxStalenessMs} ms` });
    else if (this.#node !== undefined)
      this.events.emit('live', { node: this.#node, ...placeOf(this.inForce.provenance()) });
  }

  down(reason: string): void {
    this.#node = undefined;
    this.#staleness.stop();
    this.events.emit('stale', { reason });
  }

  failed(error: FlagstreamError, endpoint: string): void {
    this.#lastFailure = { error, endpoint };
    this.#report(error, { endpoint });
  }

  reconnecting(endpoint: string, attempt: number, delayMs: number, reason: string): void {
    this.#settings.logger.debug({ endpoint, attempt, delayMs, reason }, 'connecting again');
    this.events.emit('reconnecting', { endpoint, attempt, delayMs, reason });
  }

  #tellWithdrawn({ epoch, revision }: Position): void {
    const withdrawn = { epoch, revision };
    const inForce = placeOf(this.inForce.provenance());
    this.#settings.logger.warn({ withdrawn, ...inForce }, 'the revision that was in force was withdrawn');
    this.events.emit('withdrawn', { withdrawn, ...inForce });
  }

  #tellChange({ flagKeys }: Advance): void {
    if (flagKeys.length === 0) return;
    const { epoch, revision } = this.inForce.provenance();
    this.events.emit('change', { flagKeys, epoch, revision });
  }

  #report(error: FlagstreamError, fields: object = {}): void {
    this.#lastError = error;
    this.#settings.logger.warn({ ...fields, reason: error.reason, err: error }, error.message);
    this.events.emit('error', { error });
  }
}

function placeOf({ epoch, revision }: Provenance): { readonly epoch: number; readonly revision: number } {
  return { epoch, revision };
}

function diskCopyError(cause: unknown): FlagstreamError {
  const detail = messageOf(cause);
  return fail('DISK_COPY_UNUSABLE', `the disk copy was ignored or not written: ${detail}`, { cause });
}

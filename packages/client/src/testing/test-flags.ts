/**
 * Flags of an application's own tests: set by the test, evaluated by the engine, followed by real clients.
 *
 * An edit is in force when the call returns: the next evaluation answers by it. Listeners run as those of a client
 * of a server do, in a microtask, in the order of the events: after the code that made the edit, before a `setTimeout`.
 */
import type { JsonValue } from '@flagstream/engine';
import { type ErrorReason, fail, invalidField, isKey, limitExceeded } from '@flagstream/protocol';
import { FlagstreamClient } from '../client.ts';
import type { Clock } from '../clock.ts';
import { type Members, refuseUnknownOptions } from '../known-members.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { Scope } from '../state/scope.ts';
import { TestClock } from './test-clock.ts';
import { TestHolder } from './test-holder.ts';
import { TestState } from './test-state.ts';

export interface TestFlagsOptions {
  /** Default: default. */
  readonly project?: string;
  /** Whose configurations of a loaded document count. Default: development. */
  readonly environment?: string;
  /** connecting: clients have no flags until `live()`. Default: live. */
  readonly state?: 'live' | 'connecting';
  /** Windows, ramps, ages and timeouts run by it. Default: a TestClock, which stands still. */
  readonly clock?: Clock;
  /** How long a client's `waitForReady` and `waitForLive` wait by themselves, by that clock. Default: 10,000. */
  readonly initialTimeoutMs?: number;
  readonly logger?: Logger;
}

const OPTIONS: Members<TestFlagsOptions> = {
  project: true,
  environment: true,
  state: true,
  clock: true,
  initialTimeoutMs: true,
  logger: true,
};

type Connection = 'live' | 'stale' | 'connecting';

const INITIAL_TIMEOUT_MS = 10_000;
const CLIENTS_MAX = 1_000;

/**
 * `Flags` names the flags of the application with the types of their values, where the compiler is to check them;
 * by default any key and any JSON value is taken, and a value of another kind than the flag's is refused when set.
 */
export class TestFlags<
  Flags extends { readonly [Key in keyof Flags]: JsonValue } = Readonly<Record<string, JsonValue>>,
> {
  readonly #scope: Scope;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #initialTimeoutMs: number;
  readonly #startsAs: Connection;
  #connection: Connection;
  /** What the server has; it is in force in the clients while they are live. */
  #wanted = TestState.empty();
  #inForce = TestState.empty();
  #revision = 1;
  #revisionInForce = 1;
  /** Flags that clients are to be told of although their definitions are the same. */
  #fired = new Set<string>();
  /** An open change set: its edits count together, when it ends. */
  #open = false;
  readonly #holders = new Set<TestHolder>();

  /** @throws FlagstreamError INVALID_FIELD naming the option that is wrong. */
  constructor(options: TestFlagsOptions = {}) {
    refuseUnknownOptions(options, OPTIONS);
    this.#scope = {
      project: checkedKey('project', options.project ?? 'default'),
      environment: checkedKey('environment', options.environment ?? 'development'),
    };
    this.#clock = options.clock ?? new TestClock();
    this.#logger = options.logger ?? silentLogger;
    this.#initialTimeoutMs = options.initialTimeoutMs ?? INITIAL_TIMEOUT_MS;
    this.#startsAs = options.state ?? 'live';
    this.#connection = this.#startsAs;
  }

  /**
   * A client of these flags, to give to the application. Each call makes another one; none opens a connection, starts
   * a timer or needs to be closed.
   * @throws FlagstreamError LIMIT_EXCEEDED with a thousand open ones
   */
  client(): FlagstreamClient {
    if (this.#holders.size >= CLIENTS_MAX) throw limitExceeded('clients', `at most ${CLIENTS_MAX} are open`);
    const holder = new TestHolder({
      scope: this.#scope,
      clock: this.#clock,
      logger: this.#logger,
      closed: (closing) => this.#holders.delete(closing),
    });
    this.#holders.add(holder);
    if (this.#connection === 'live') {
      holder.take(this.#inForce, this.#revisionInForce, 'server', []);
      holder.goLive();
    } else if (this.#connection === 'stale') {
      // As a client that finds its copy on disk, and no server.
      holder.take(this.#inForce, this.#revisionInForce, 'cache', []);
      holder.goStale('no server has answered yet');
    }
    return new FlagstreamClient(holder, this.#initialTimeoutMs);
  }

  /**
   * Serves the value to everybody who has no override. A flag that is not there yet becomes one of the value's kind; of
   * a loaded flag it takes the place of switch, targets and rules.
   * @throws FlagstreamError TYPE_MISMATCH when the flag is of another kind, INVALID_FIELD when the key is none,
   * INVALID_DEFINITION when no flag may have the value
   */
  set<Key extends keyof Flags & string>(flagKey: Key, value: Flags[Key]): void {
    this.#edit(() => this.#wanted.withValue(flagKey, value));
  }

  /**
   * Serves the value to one subject, whatever the flag's switch and rules say; flags that have this one as a
   * prerequisite see it too.
   * @throws FlagstreamError FLAG_NOT_FOUND when there is no such flag, TYPE_MISMATCH when it is of another kind
   */
  override<Key extends keyof Flags & string>(flagKey: Key, targetingKey: string, value: Flags[Key]): void {
    this.#edit(() => this.#wanted.withOverride(flagKey, targetingKey, value));
  }

  /** Takes an override back. @param targetingKey default: those of all subjects */
  clearOverride(flagKey: keyof Flags & string, targetingKey?: string): void {
    this.#edit(() => this.#wanted.withoutOverride(flagKey, targetingKey));
  }

  /**
   * Switches a flag off: it serves its off variant, or the caller's default. `set` switches it on again.
   * @throws FlagstreamError FLAG_NOT_FOUND when there is no such flag
   */
  disable(flagKey: keyof Flags & string): void {
    this.#edit(() => this.#wanted.switchedOff(flagKey));
  }

  /** Afterwards there is no such flag. @throws FlagstreamError INVALID_DEFINITION when another one needs it */
  remove(flagKey: keyof Flags & string): void {
    this.#edit(() => this.#wanted.without(flagKey));
  }

  /**
   * Takes full definitions in: a flag document, as `flagstream export` writes it in JSON. Its flags and segments
   * replace those of the same key, with their overrides; all others stay.
   * @throws FlagstreamError INVALID_DOCUMENT, INVALID_DEFINITION; then nothing has changed
   */
  load(document: unknown): void {
    this.#edit(() => this.#wanted.withDocument(document, this.#scope.environment));
  }

  /**
   * Makes several edits one change: one revision, one `change` event. What the function throws is handed on, and
   * then none of its edits counts.
   */
  changeSet(edits: () => void): void {
    if (this.#open) {
      edits();
      return;
    }
    const [before, fired] = [this.#wanted, new Set(this.#fired)];
    this.#open = true;
    try {
      edits();
    } catch (thrown) {
      this.#wanted = before;
      this.#fired = fired;
      throw thrown;
    } finally {
      this.#open = false;
    }
    this.#commit();
  }

  /** Tells listeners of a change of these flags, without one. @param flagKeys none: of all flags */
  fireChange(...flagKeys: readonly (keyof Flags & string)[]): void {
    for (const flagKey of flagKeys.length > 0 ? flagKeys : this.#wanted.flagKeys()) this.#fired.add(flagKey);
    if (!this.#open) this.#commit();
  }

  /** The server is gone: clients go on by what they have, and edits reach them with `live()`. */
  stale(reason = 'the test says so'): void {
    if (this.#connection !== 'live') return;
    this.#connection = 'stale';
    for (const holder of this.#holders) holder.goStale(reason);
  }

  /** The server is there (again): clients get what changed meanwhile, and are live. */
  live(): void {
    this.#connection = 'live';
    this.#deliver();
    for (const holder of this.#holders) holder.goLive();
  }

  /** Clients report an error, as when a server refuses them. The flags stay as they are. */
  fail(reason: ErrorReason, message: string): void {
    const error = fail(reason, message);
    for (const holder of this.#holders) holder.fail(error);
  }

  /**
   * Back to the beginning, for the next test: no flags, no overrides, no last error, connected as at the start. Clients and their
   * listeners stay, and are told what changed; revisions go on growing.
   */
  reset(): void {
    this.#fired.clear();
    for (const holder of this.#holders) holder.forgetError();
    this.#edit(() => TestState.empty());
    if (this.#connection === 'connecting') return;
    this.live();
    if (this.#startsAs === 'live') return;
    this.stale('the flags were reset');
    this.#connection = this.#startsAs;
  }

  #edit(next: () => TestState): void {
    this.#wanted = next();
    if (!this.#open) this.#commit();
  }

  #commit(): void {
    this.#revision += 1;
    if (this.#connection === 'live') this.#deliver();
  }

  /** A client that had nothing gets everything, and tells `ready` instead of `change`. */
  #deliver(): void {
    const changed = new Set([...this.#inForce.changedKeys(this.#wanted), ...this.#fired]);
    this.#inForce = this.#wanted;
    this.#revisionInForce = this.#revision;
    this.#fired.clear();
    const flagKeys = [...changed].sort();
    for (const holder of this.#holders) holder.take(this.#inForce, this.#revision, 'server', flagKeys);
  }
}

function checkedKey(option: string, key: string): string {
  if (isKey(key)) return key;
  throw invalidField(option, `must be a key, not ${JSON.stringify(key)}`);
}

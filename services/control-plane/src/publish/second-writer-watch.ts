/**
 * Listens for another control plane of this log, in its head beacons and by
 * asking for the head. A log has one writer: who finds another one at its start
 * must not go on.
 */
import { decodeHeadBeacon, type FlagstreamError, fail, LIMITS, messageOf } from '@flagstream/protocol';
import { type HeadBeacon, SecondWriterGuard } from '@flagstream/replica';
import type { Bus, Logger } from '@flagstream/runtime';

export interface SecondWriterWatchOptions {
  readonly bus: Bus;
  readonly bootId: string;
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicNow: () => number;
  /** Called at most once: SECOND_CONTROL_PLANE. */
  readonly refuse: (error: FlagstreamError) => void;
}

export class SecondWriterWatch {
  readonly #options: SecondWriterWatchOptions;
  readonly #guard: SecondWriterGuard;
  readonly #stop: () => void;
  #refused: FlagstreamError | undefined;

  constructor(options: SecondWriterWatchOptions) {
    this.#options = options;
    const { bus, bootId, monotonicNow } = options;
    this.#guard = new SecondWriterGuard(bootId, LIMITS.secondWriterMs, monotonicNow());
    this.#stop = bus.onHead((bytes) => this.#hear(bytes));
  }

  /** Beacons of others that were heard. */
  get foreign(): number {
    return this.#guard.foreign;
  }

  /**
   * Asks for the head before we answer such questions ourselves: who answers is another one.
   * @throws FlagstreamError SECOND_CONTROL_PLANE
   */
  async ask(): Promise<void> {
    const { bus, logger } = this.#options;
    try {
      this.#hear(await bus.askHead());
    } catch (error) {
      // What a control plane hopes for at its start.
      logger.debug({ detail: messageOf(error) }, 'no other control plane answers');
    }
    if (this.#refused !== undefined) throw this.#refused;
  }

  close(): void {
    this.#stop();
  }

  #hear(bytes: Uint8Array): void {
    const { logger, monotonicNow } = this.#options;
    let beacon: HeadBeacon;
    try {
      beacon = decodeHeadBeacon(bytes);
    } catch (error) {
      logger.warn({ detail: messageOf(error) }, 'a head beacon cannot be read');
      return;
    }
    const verdict = this.#guard.heard(beacon, monotonicNow());
    const other = { control_plane: beacon.controlPlaneId, boot_id: beacon.bootId };
    if (verdict === 'refuse-start') this.#refuse(beacon, other);
    if (verdict === 'alarm')
      logger.error({ ...other, alarm: 'SECOND_CONTROL_PLANE' }, 'another control plane uses this log');
  }

  #refuse({ controlPlaneId }: HeadBeacon, other: object): void {
    if (this.#refused !== undefined) return;
    const message = `another control plane ("${controlPlaneId}") writes this log: this one does not start`;
    this.#refused = fail('SECOND_CONTROL_PLANE', message);
    this.#options.logger.error({ ...other, alarm: 'SECOND_CONTROL_PLANE' }, message);
    this.#options.refuse(this.#refused);
  }
}

/**
 * How many acknowledgements may be on their way at once while somebody evaluates. Clients that were slow together are
 * heard together, and a call that comes behind thousands of acknowledgements waits for all of them.
 *
 * Holds true: a client that does not acknowledge keeps nobody waiting for long; where even the nearest clients are far,
 * more of them are on their way at once, as there it is the way that takes time.
 */

/** Somebody who may owe an acknowledgement. */
interface Awaited {
  readonly owesAcknowledgement?: boolean;
}

/** Clients of one region. */
const AT_ONCE = 128;
/**
 * Clients whose machines are busy answer in bursts. Measured with clients that have what others leave of two cores: p99 of
 * a call beside pushes to 10,000 was 48 ms with 15, 9 with 50, 8 with 100. Longer, and one that never answers costs more.
 */
const PATIENCE_MS = 50;
/** A round trip of one region. */
const NEAR_MS = 15;
/** Of what the nearest took before, with each `AT_ONCE` acknowledgements: some pauses are no distance. */
const GROWTH = 1.05;
const GROWTH_MS = 0.05;

export class PushPace {
  /** Those that were told and may not have acknowledged, and when. Few, so that those that left may stay in it. */
  #awaited: { readonly member: Awaited; readonly toldMs: number }[] = [];
  #nearestMs = 0;
  /** Since `nearestMs` was reckoned. */
  #heard = { acknowledgements: 0, fastestMs: PATIENCE_MS };

  told(member: Awaited, nowMs: number): void {
    this.#awaited.push({ member, toldMs: nowMs });
  }

  /** No more are to be told for now. */
  get isFull(): boolean {
    return this.#awaited.length >= AT_ONCE * Math.max(1, this.#nearestMs / NEAR_MS);
  }

  /** Looks who has acknowledged, and gives up those that take too long. */
  look(nowMs: number): void {
    const before = this.#awaited.length;
    this.#awaited = this.#awaited.filter(({ member: { owesAcknowledgement = false }, toldMs }) => {
      if (!owesAcknowledgement) this.#heard.fastestMs = Math.min(this.#heard.fastestMs, nowMs - toldMs);
      return owesAcknowledgement && nowMs - toldMs < PATIENCE_MS;
    });
    this.#heard.acknowledgements += before - this.#awaited.length;
    if (this.#heard.acknowledgements < AT_ONCE) return;
    this.#nearestMs = Math.min(this.#heard.fastestMs, this.#nearestMs * GROWTH + GROWTH_MS);
    this.#heard = { acknowledgements: 0, fastestMs: PATIENCE_MS };
  }
}

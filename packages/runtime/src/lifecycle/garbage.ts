/** How V8 collects the garbage of a server: a few of its objects live as long as connections, most as long as a call. */
import { setFlagsFromString } from 'node:v8';

/**
 * To be called at the start of a process that serves, so that its pauses are short.
 *
 * V8 notes where objects are made that live long, and makes further ones of the same place in the old generation at
 * once, which is collected seldom and in long pauses. Streams and calls are made in the same places: beside 10,000
 * streams each call left 5 KiB there; without that, a tenth.
 *
 * It lets the old generation grow to nearly four times of what lives there. But what a call leaves there all the same
 * (its headers' values, as strings outside the heap, and the handles of its stream) is freed within the pause, 25 to
 * 40 ms for each second of 8,000 calls: 0.9 s in the end, after which callers have given up everything on its way. So it
 * may grow by no more than `OLD_GROWTH_PERCENT`.
 */
export function keepPausesShort(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
}

/**
 * Pauses of 0.4 to 0.6 s. With 60% they are 0.15 to 0.45 s, every seven seconds of all the calls that a core can answer;
 * but beside 10,000 streams each has a second of marking on other threads, and calls at half of that had a 99th
 * percentile of 0.7 s instead of 0.06.
 */
const OLD_GROWTH_PERCENT = 150;

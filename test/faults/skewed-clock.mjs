// Preloaded into a process (node --import) whose wall clock is to be wrong: FAULT_CLOCK_SKEW_MS off from the start,
// and as far off on the other side after FAULT_CLOCK_JUMP_MS. Monotonic clocks stay right.

import process from 'node:process';

const trueNow = Date.now;
let skewMs = Number(process.env['FAULT_CLOCK_SKEW_MS'] ?? '0');
const jumpMs = Number(process.env['FAULT_CLOCK_JUMP_MS'] ?? '0');

globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) super(trueNow() + skewMs);
    else super(...given);
  }

  static now() {
    return trueNow() + skewMs;
  }
};

setTimeout(() => {
  skewMs = -skewMs;
}, jumpMs).unref();

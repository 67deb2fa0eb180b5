// The worst day: the control plane's disk is gone, with all that was in it.

import { expect } from 'vitest';
import { recoverFromLostDisk } from '../bench/tradeoffs/recovery.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';

requiresNats().test(
  'a control plane whose disk is gone writes again, from a backup and what NATS holds beyond it',
  async () => {
    const nats = await startNatsServer();
    // What is answered is in NATS: nothing of it may be lost.
    const lost = { before: 20, after: 50, settings: ['--write-ack=shipped'] };
    const { acknowledged, lost: gone } = await recoverFromLostDisk(nats, lost);
    expect(acknowledged).toBeGreaterThan(lost.before + lost.after);
    expect(gone).toBe(0);
  },
);

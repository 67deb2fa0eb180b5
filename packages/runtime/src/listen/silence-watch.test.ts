import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SilenceWatch } from './silence-watch.ts';

class TestSocket extends EventEmitter {
  bytesRead = 0;
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** A period that no timer reaches: the test looks by itself. */
const SILENCE_MS = 3_600_000;

describe('SilenceWatch', () => {
  it('cuts a socket from which nothing came in nine looks after one that heard it, once', () => {
    const cut: TestSocket[] = [];
    const watch = new SilenceWatch<TestSocket>(SILENCE_MS, (socket) => cut.push(socket));
    const [silent, alive] = [new TestSocket(), new TestSocket()];
    watch.add(silent);
    watch.add(alive);
    watch.add(silent);
    // The first look may come at once after the socket did.
    for (let look = 1; look <= 9; look++) watch.look();
    expect(silent.destroyed).toBe(false);
    alive.bytesRead += 1;
    watch.look();
    expect([silent.destroyed, alive.destroyed]).toEqual([true, false]);
    for (let look = 11; look <= 18; look++) watch.look();
    expect(alive.destroyed).toBe(false);
    alive.destroy();
    for (let look = 19; look <= 40; look++) watch.look();
    expect(cut).toEqual([silent]);
  });

  it('cuts a socket once that closes some looks later', () => {
    const cut: TestSocket[] = [];
    const watch = new SilenceWatch<TestSocket>(SILENCE_MS, (socket) => cut.push(socket));
    const socket = new TestSocket();
    socket.destroy = () => undefined;
    watch.add(socket);
    for (let look = 1; look <= 12; look++) watch.look();
    socket.emit('close');
    for (let look = 13; look <= 30; look++) watch.look();
    expect(cut).toEqual([socket]);
  });
});

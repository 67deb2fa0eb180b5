/**
 * Cuts connections whose peer is gone without a word, as after a cable was
 * pulled: TCP alone would try for many minutes. Whoever has connections
 * watched sends pings, so that a peer that lives is heard.
 *
 * Holds true: silence is counted in looks, and what has come is read between
 * two of them; so a process that was busy or stopped for a while cuts nobody
 * for it, as a timer that ran out meanwhile would.
 */

/** What is watched of a socket. */
interface WatchedSocket {
  readonly bytesRead: number;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

interface Heard {
  bytes: number;
  silentLooks: number;
}

/** More looks would bring the cut closer to the time that is asked for, each at the cost of a walk over the sockets. */
const LOOKS = 10;

export class SilenceWatch<S extends WatchedSocket> {
  readonly #everyMs: number;
  readonly #onCut: (socket: S) => void;
  readonly #heard = new Map<S, Heard>();
  #timer: NodeJS.Timeout | undefined;

  /** @param silenceMs longest silence: a cut comes at the latest after it, and at the earliest after nine tenths of it */
  constructor(silenceMs: number, onCut: (socket: S) => void) {
    this.#everyMs = silenceMs / LOOKS;
    this.#onCut = onCut;
  }

  /** Watches it until it closes. A socket that is watched already stays so. */
  add(socket: S): void {
    if (this.#heard.has(socket)) return;
    // The first look comes less than a period from now: it counts no silence yet.
    this.#heard.set(socket, { bytes: socket.bytesRead, silentLooks: -1 });
    socket.once('close', () => this.#remove(socket));
    this.#timer ??= setInterval(() => this.look(), this.#everyMs).unref();
  }

  /** The timer calls it. */
  look(): void {
    for (const [socket, heard] of this.#heard) {
      const { bytesRead } = socket;
      heard.silentLooks = bytesRead === heard.bytes ? heard.silentLooks + 1 : 0;
      heard.bytes = bytesRead;
      // The look that heard something came up to a period after it.
      if (heard.silentLooks < LOOKS - 1) continue;
      // Not left to its close, which may come after further looks.
      this.#remove(socket);
      this.#onCut(socket);
      socket.destroy();
    }
  }

  #remove(socket: S): void {
    this.#heard.delete(socket);
    if (this.#heard.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

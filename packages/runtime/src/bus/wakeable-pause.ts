/** A wait that ends after a time, or earlier when it is woken: what the bus's loops rest in. */

export interface WakeablePause {
  readonly over: Promise<void>;
  /** Ends the wait; later calls do nothing. */
  wake(): void;
}

/** @param ms undefined: until woken */
export function wakeablePause(ms: number | undefined): WakeablePause {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const timer = ms === undefined ? undefined : setTimeout(end, ms);
  const wake = (): void => {
    clearTimeout(timer);
    end();
  };
  return { over, wake };
}

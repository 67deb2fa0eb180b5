/** Waits for a signal, which ends the process. */
export function untilSignal(): Promise<never> {
  return new Promise<never>(() => undefined);
}

// Waiting for a condition, instead of sleeping and hoping.

import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, as a noun phrase: it stands in the failure message. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/** Answers that mean "not yet". Zero and the empty string are real answers. */
type NotYet = undefined | null | false;

/**
 * Asks `condition` again and again until it answers something other than undefined, null or false, and
 * returns that. A condition that throws has not come true yet. Fails, naming what was waited for and the
 * last error, after timeoutMs (default 10 s).
 */
export async function until<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  { what, timeoutMs = 10_000, intervalMs = 20 }: UntilOptions,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= endMs) break;
    await delay(intervalMs);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
}

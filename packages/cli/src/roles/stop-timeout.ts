/** Milliseconds that a role may take to stop: longer than any takes by itself. */
export const STOP_TIMEOUT_MS = 60_000;

/** What only nats-server's monitoring port tells: how often it syncs, and how much it may store in all. */
import { LIMITS } from '@flagstream/protocol';
import * as z from 'zod';
import type { Finding } from './finding.ts';

const NANOS_PER_S = 1e9;

const jetStreamSchema = z.object({
  config: z
    .object({
      max_storage: z.number(),
      sync_interval: z.number().optional(),
      sync_always: z.boolean().optional(),
    })
    .optional(),
  storage: z.number(),
});

/** @param monitor `http://host:8222`, or undefined when nobody named it */
export async function monitorFindings(
  monitor: string | undefined,
  windowBytes: number,
): Promise<readonly Finding[]> {
  const check = 'sync interval';
  if (monitor === undefined)
    return [{ check, verdict: 'info', detail: 'not visible: name the monitoring port with --nats-monitor' }];
  try {
    const answer = await fetch(new URL('/jsz?config=true', monitor), {
      signal: AbortSignal.timeout(LIMITS.natsAnswerMs),
    });
    const { config, storage } = jetStreamSchema.parse(await answer.json());
    if (config === undefined) return [{ check, verdict: 'fail', detail: 'JetStream is not enabled' }];
    const { max_storage: max } = config;
    return [
      syncFinding(config),
      {
        check: 'file store',
        verdict: max >= windowBytes ? 'ok' : 'fail',
        detail: `${max} bytes at most, ${storage} in use; the window of the log is ${windowBytes}`,
      },
    ];
  } catch (error) {
    const { message, cause } = error as Error;
    const detail = `${monitor} gives no answer that can be read: ${cause instanceof Error ? cause.message : message}`;
    return [{ check, verdict: 'warn', detail }];
  }
}

function syncFinding(config: {
  readonly sync_interval?: number | undefined;
  readonly sync_always?: boolean | undefined;
}): Finding {
  const check = 'sync interval';
  if (config.sync_always === true)
    return { check, verdict: 'ok', detail: 'always: what is acknowledged is on disk' };
  const every =
    config.sync_interval === undefined ? 'unknown' : `every ${config.sync_interval / NANOS_PER_S} s`;
  return {
    check,
    verdict: 'info',
    detail: `${every}: a power loss may take the newest records; the control plane ships them again`,
  };
}

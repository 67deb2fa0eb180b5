// A client of the admin API that behaves as a careful one does: each write has an op_id, whatever leaves its
// outcome open is asked again with the same op_id, and only an answer that is certain ends it.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminServiceClient, GetFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig, type Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Place, Values } from '../history/history.ts';
import type { HistoryRecorder } from '../history/history-recorder.ts';
import { callUnary } from '../support/grpc-call.ts';

const ATTEMPT_MS = 4_000;
const RETRY_PAUSE_MS = 50;
const PARENT = 'projects/default';

/** Statuses that say for certain that nothing was written. */
const REFUSALS: ReadonlySet<number> = new Set([
  status.ABORTED,
  status.FAILED_PRECONDITION,
  status.INVALID_ARGUMENT,
  status.RESOURCE_EXHAUSTED,
  status.NOT_FOUND,
]);

/** An acknowledged write. */
export interface Acknowledged {
  readonly place: Place;
  readonly sets: Values;
}

export class WriteClient {
  readonly #client: AdminServiceClient;
  readonly #recorder: HistoryRecorder;
  readonly #signal: AbortSignal;
  /** Messages of the refusals so far, the newest last. */
  readonly refusals: string[] = [];

  /** Goes on asking until the signal; then what has no answer is of unknown outcome. */
  constructor(port: number, recorder: HistoryRecorder, signal: AbortSignal) {
    this.#client = new AdminServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 250,
    });
    this.#recorder = recorder;
    this.#signal = signal;
  }

  /** Sets flags to a number in one change set. Creates those that are not there. */
  setTogether(
    keys: readonly string[],
    value: number,
    opId: string = randomUUID(),
  ): Promise<Acknowledged | undefined> {
    const sets = Object.fromEntries(keys.map((key) => [key, value]));
    const changes = keys.flatMap((key) => [
      { change: { $case: 'flag' as const, value: numberFlag(key, value) } },
      { change: { $case: 'flagConfig' as const, value: servedConfig(key) } },
    ]);
    return this.#write(opId, sets, {}, async () => {
      const request = { changes, ...audit(opId) };
      const { revision } = await callUnary(
        this.#client,
        this.#client.applyChangeSet,
        request,
        {},
        ATTEMPT_MS,
      );
      return revision;
    });
  }

  /** Sets one flag to a number if it is as it was read; reads it first. */
  async setIfUnchanged(key: string, value: number): Promise<Acknowledged | undefined> {
    const name = `${PARENT}/flags/${key}`;
    const request = GetFlagRequest.fromPartial({ name });
    const { flag } = await callUnary(this.#client, this.#client.getFlag, request, {}, ATTEMPT_MS);
    const etag = flag?.etag ?? '';
    const opId = randomUUID();
    return this.#write(opId, { [key]: value }, { [key]: Number(etag) }, async () => {
      const request = {
        flag: Flag.fromPartial({ ...numberFlag(key, value), etag }),
        updateMask: ['variants'],
        ...audit(opId),
      };
      const { revision } = await callUnary(this.#client, this.#client.updateFlag, request, {}, ATTEMPT_MS);
      return revision;
    });
  }

  /** Sets a flag to a text, which no history records. Creates it if it is not there. */
  async setText(key: string, value: string): Promise<void> {
    const opId = randomUUID();
    const flag = Flag.fromJSON({
      name: `${PARENT}/flags/${key}`,
      kind: 'FLAG_KIND_STRING',
      variants: [{ key: 'only', value }],
      offVariant: 'only',
    });
    const request = { changes: [{ change: { $case: 'flag' as const, value: flag } }], ...audit(opId) };
    await callUnary(this.#client, this.#client.applyChangeSet, request, {}, ATTEMPT_MS);
  }

  close(): void {
    this.#client.close();
  }

  async #write(
    opId: string,
    sets: Values,
    expects: Readonly<Record<string, number>>,
    attempt: () => Promise<Revision | undefined>,
  ): Promise<Acknowledged | undefined> {
    const open = this.#recorder.beginWrite({ opId, sets, expects });
    let certain = true;
    while (!this.#signal.aborted) {
      try {
        const revision = await attempt();
        if (revision === undefined) throw new Error('the answer carries no revision');
        const place = { epoch: revision.epoch, revision: Number(revision.revision) };
        open.acknowledged(place);
        return { place, sets };
      } catch (error) {
        const { code, details } = error as Partial<ServiceError>;
        if (code === undefined) throw error;
        if (REFUSALS.has(code)) {
          this.refusals.push(details ?? '');
          if (certain) open.refused();
          else open.unknown();
          return undefined;
        }
        certain = false;
        await delay(RETRY_PAUSE_MS);
      }
    }
    open.unknown();
    return undefined;
  }
}

function numberFlag(key: string, value: number): Flag {
  return Flag.fromJSON({
    name: `${PARENT}/flags/${key}`,
    kind: 'FLAG_KIND_NUMBER',
    variants: [{ key: 'only', value }],
    offVariant: 'only',
  });
}

function servedConfig(key: string): FlagConfig {
  return FlagConfig.fromJSON({
    name: `${PARENT}/environments/development/flagConfigs/${key}`,
    enabled: true,
    fallthrough: { variant: 'only' },
  });
}

function audit(opId: string) {
  return { opId, actor: 'fault test', comment: 'workload', validateOnly: false };
}

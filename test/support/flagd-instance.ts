// `flagstream dev --flags FILE` and `serve --flags FILE` as real processes, asked as flagd's clients ask.

import {
  type ResolveStringResponse,
  ServiceClient,
} from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { startFlagstream } from './flagstream.ts';
import { freePortRange } from './free-port.ts';
import { callUnary } from './grpc-call.ts';
import type { ProcessOptions, TestProcess } from './process.ts';
import { hold } from './resources.ts';

/** The ports that `--port-base` covers. */
const PORTS = 7;

/** What a typed resolver of flagd's second contract answers, or the name of its status. */
export type FlagdAnswer =
  | {
      readonly value?: unknown;
      readonly variant?: string;
      readonly reason: string;
      readonly metadata?: unknown;
    }
  | { readonly status: string };

export type FlagdType = 'boolean' | 'string' | 'number' | 'object';

export type FlagdAsk = (
  key: string,
  options?: { readonly type?: FlagdType; readonly context?: object; readonly selector?: string },
) => Promise<FlagdAnswer>;

export interface FlagdInstance {
  readonly process: TestProcess;
  readonly portBase: number;
  /** For flagstream's client commands: --server. */
  readonly server: string;
  readonly ask: FlagdAsk;
}

const METHODS = {
  boolean: 'resolveBoolean',
  string: 'resolveString',
  number: 'resolveFloat',
  object: 'resolveObject',
} as const;

/** @param words after `dev`, such as `--flags FILE` */
export async function startFlagdInstance(words: readonly string[], cwd?: string): Promise<FlagdInstance> {
  const portBase = await freePortRange(PORTS);
  const process = startFlagstream(
    ['dev', ...words, `--port-base=${portBase}`],
    cwd === undefined ? {} : { cwd },
  );
  await process.waitForReady(portBase + 4);
  return { process, portBase, server: `localhost:${portBase}`, ask: flagdAsk(portBase + 3) };
}

export interface FlagdServer {
  readonly process: TestProcess;
  /** Of 8013; the others follow it. */
  readonly port: number;
  readonly ask: FlagdAsk;
}

/** @param words after `serve`, such as `--flags FILE` */
export async function startFlagdServer(
  words: readonly string[],
  { env, ...options }: ProcessOptions = {},
): Promise<FlagdServer> {
  const port = await freePortRange(4);
  const process = startFlagstream(['serve', ...words], {
    ...options,
    env: {
      FLAGSTREAM_GRPC_PORT: String(port),
      FLAGSTREAM_MANAGEMENT_PORT: String(port + 1),
      FLAGSTREAM_SYNC_PORT: String(port + 2),
      FLAGSTREAM_OFREP_PORT: String(port + 3),
      ...env,
    },
  });
  await process.waitForReady(port + 1);
  return { process, port, ask: flagdAsk(port) };
}

/** How flagd's clients ask who listens on this port of loopback. */
function flagdAsk(port: number): FlagdAsk {
  const client = new ServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  hold({ what: 'client of flagd', release: async () => client.close(), releaseNow: () => client.close() });
  return async (key, { type = 'string', context = {}, selector } = {}) => {
    const headers: Record<string, string> = selector === undefined ? {} : { 'flagd-selector': selector };
    const request = { flagKey: key, context: { ...context } };
    try {
      // The five methods differ in the type of the value alone.
      const method = client[METHODS[type]] as typeof client.resolveString;
      return known(await callUnary(client, method, request, headers));
    } catch (error) {
      return { status: String(status[(error as ServiceError).code]) };
    }
  };
}

/** Only what is there. */
function known(response: ResolveStringResponse): FlagdAnswer {
  return Object.fromEntries(
    Object.entries(response).filter(([, value]) => value !== undefined),
  ) as unknown as FlagdAnswer;
}

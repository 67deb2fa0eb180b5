/**
 * What `flagstream demo` shows: some changes of a flag, each until everybody
 * has it in force; then one while a client is frozen, which is named until it
 * thaws. What is shown is what the control plane says, not what clients claim.
 */
import { randomUUID } from 'node:crypto';
import { fail, flagConfigName } from '@flagstream/protocol';
import { UpdateFlagConfigRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Rollout, type WatchRolloutResponse } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { FlagConfig, type Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { AdminConnection } from '../connection/admin-connection.ts';
import { connectionError } from '../connection/call.ts';
import type { Endpoint } from '../connection/endpoint.ts';
import { FleetConnection, isDone } from '../connection/fleet-connection.ts';
import { type OutputFormat, printJsonLine } from '../output/json-output.ts';
import { LiveLine } from '../output/live-line.ts';
import { rolloutLine } from '../output/rollout-text.ts';
import type { Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { SmallClient } from './small-client.ts';

export interface ShowOptions {
  readonly controlPlanePort: number;
  readonly evaluatorPort: number;
  readonly clients: number;
  readonly flips: number;
  readonly output: OutputFormat;
}

/** Of the demo's shop, where it is on. */
const FLAG = 'new-checkout';
const CONFIG = flagConfigName('default', 'development', FLAG);
/** Beyond it something is wrong, and is said. */
const STEP_TIMEOUT_MS = 30_000;
/** A herd of connections at once would wait for each other. */
const CONNECTING_MAX = 50;

/** @throws FlagstreamError TIMEOUT when a step is not confirmed in time, and what a server answers */
export async function runShow(terminal: Terminal, options: ShowOptions): Promise<void> {
  const show = new Show(terminal, options);
  try {
    await show.run();
  } finally {
    show.close();
  }
}

class Show {
  readonly #terminal: Terminal;
  readonly #options: ShowOptions;
  readonly #admin: AdminConnection;
  readonly #fleet: FleetConnection;
  readonly #clients: SmallClient[] = [];
  #enabled = true;

  constructor(terminal: Terminal, options: ShowOptions) {
    this.#terminal = terminal;
    this.#options = options;
    const endpoint = controlPlaneAt(options.controlPlanePort);
    this.#admin = new AdminConnection(endpoint, STEP_TIMEOUT_MS);
    this.#fleet = new FleetConnection(endpoint, STEP_TIMEOUT_MS);
  }

  async run(): Promise<void> {
    const { clients, flips } = this.#options;
    this.#say(
      `Flagstream ${VERSION}: control plane, evaluator and ${clients} small ${clients === 1 ? 'client' : 'clients'} in this process.`,
    );
    await this.#connect();
    await this.#confirmed(
      'connected',
      undefined,
      ({ applied, settling }) => applied === clients && !settling,
    );
    for (let flip = 0; flip < flips; flip++) {
      const { name, revision } = await this.#flip();
      await this.#confirmed(name, revision, everybody);
    }
    const frozen = this.#clients[Math.floor(clients / 2)]!;
    frozen.freeze();
    this.#event('frozen', frozen, 'now hangs: it keeps its connection, and looks at nothing that comes');
    const { name, revision } = await this.#flip();
    const isNamed = ({ laggards }: Rollout): boolean =>
      laggards.some(({ client }) => client?.instanceId === frozen.instanceId);
    await this.#confirmed(name, revision, (rollout) => rollout.owing === 1 && isNamed(rollout));
    frozen.thaw();
    this.#event('thawed', frozen, 'goes on');
    await this.#confirmed(name, revision, everybody);
    this.#say(NEXT);
  }

  close(): void {
    for (const client of this.#clients) client.close();
    this.#admin.close();
    this.#fleet.close();
  }

  async #connect(): Promise<void> {
    const { clients, evaluatorPort } = this.#options;
    while (this.#clients.length < clients) {
      const some = Array.from(
        { length: Math.min(CONNECTING_MAX, clients - this.#clients.length) },
        (_, index) =>
          new SmallClient(`localhost:${evaluatorPort}`, `client-${this.#clients.length + index + 1}`),
      );
      this.#clients.push(...some);
      await Promise.all(some.map(({ current }) => current));
    }
  }

  async #flip(): Promise<{ readonly name: string; readonly revision: Revision | undefined }> {
    this.#enabled = !this.#enabled;
    const request = UpdateFlagConfigRequest.fromPartial({
      flagConfig: FlagConfig.fromPartial({ name: CONFIG, enabled: this.#enabled }),
      updateMask: ['enabled'],
      opId: randomUUID(),
      actor: 'demo',
    });
    const { revision } = await this.#admin.call(this.#admin.client.updateFlagConfig, request);
    return { name: `${FLAG} ${this.#enabled ? 'on' : 'off'}`, revision };
  }

  /** Shows a rollout as it moves, until it is as it should be. */
  async #confirmed(
    step: string,
    target: Revision | undefined,
    isOver: (rollout: Rollout) => boolean,
  ): Promise<void> {
    const line = new LiveLine(this.#terminal);
    const stream = this.#fleet.watch(target);
    const timer = setTimeout(() => stream.cancel(), STEP_TIMEOUT_MS);
    let last: Rollout | undefined;
    try {
      for await (const { rollout } of stream as AsyncIterable<WatchRolloutResponse>) {
        if (rollout === undefined) continue;
        last = rollout;
        const { epoch = 0, revision = 0n } = rollout.revision ?? {};
        if (this.#options.output === 'json')
          printJsonLine(this.#terminal, { event: 'rollout', step, rollout: Rollout.toJSON(rollout) });
        else line.show(`e${epoch}.${revision} ${step}: ${rolloutLine(rollout)}`);
        if (isOver(rollout)) return;
      }
    } catch (thrown) {
      const error = connectionError(thrown as ServiceError, this.#fleet.endpoint);
      if (error.reason !== 'CANCELLED') throw error;
    } finally {
      clearTimeout(timer);
      stream.cancel();
      if (this.#options.output !== 'json') line.end();
    }
    const seconds = STEP_TIMEOUT_MS / 1000;
    throw fail(
      'TIMEOUT',
      `${step}: ${last === undefined ? 'no answer' : rolloutLine(last)} after ${seconds} s`,
    );
  }

  #event(event: string, { instanceId }: SmallClient, text: string): void {
    if (this.#options.output === 'json') printJsonLine(this.#terminal, { event, client: instanceId });
    else this.#terminal.print(`${instanceId} ${text}`);
  }

  /** For people alone. */
  #say(text: string): void {
    if (this.#options.output !== 'json') this.#terminal.print(text);
  }
}

const NEXT = `
Everybody has it in force, and that is known, not hoped. Nothing of this demo is left. With a folder that stays:

  npx flagstream dev --seed demo
  npx flagstream flag disable ${FLAG}    in another terminal
  npx flagstream wait                         exits 0 once every client has it`;

function everybody(rollout: Rollout): boolean {
  return isDone(rollout, false);
}

/** This process's own: whatever the environment says of keys and TLS is meant for another one. */
function controlPlaneAt(port: number): Endpoint {
  return {
    role: 'control plane',
    address: `localhost:${port}`,
    option: '--server',
    channel: credentials.createInsecure(),
    speaksTls: false,
    calls: {},
    keyNamesScope: false,
  };
}

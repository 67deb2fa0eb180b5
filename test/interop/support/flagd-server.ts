// One evaluator on a port that stays, with flags of every sort, for flagd's providers and OFREP's: it can be killed, drained and started
// again while the control plane goes on.

import { CreateFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { written } from '../../support/admin.ts';
import { startFlagstream } from '../../support/flagstream.ts';
import { freePort } from '../../support/free-port.ts';
import { callUnary } from '../../support/grpc-call.ts';
import { Installation } from '../../support/installation.ts';
import type { TestProcess } from '../../support/process.ts';
import type { Mode } from './flagd-clients.ts';

export const METADATA = { team: 'checkout', priority: 2, critical: true };
export const NESTED = { color: 'red', size: 3, on: true, more: { depth: 2 } };

const onOff = [
  { key: 'on', value: true },
  { key: 'off', value: false },
];
const always = { enabled: true, fallthrough: { variant: 'on' } };
/** By key: the kind, what its variant "on" is, and more. */
const FLAGS: Readonly<Record<string, { readonly flag: object; readonly config?: object }>> = {
  'a-boolean': { flag: { kind: 'FLAG_KIND_BOOLEAN', variants: onOff } },
  'a-string': { flag: { kind: 'FLAG_KIND_STRING', variants: [{ key: 'on', value: 'hello, wörld' }] } },
  'an-integer': { flag: { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'on', value: 42 }] } },
  'a-number': { flag: { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'on', value: 0.25 }] } },
  'an-object': { flag: { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'on', value: NESTED }] } },
  mistaken: { flag: { kind: 'FLAG_KIND_STRING', variants: [{ key: 'on', value: 'text' }] } },
  described: { flag: { kind: 'FLAG_KIND_BOOLEAN', variants: onOff, metadata: METADATA } },
  disabled: {
    flag: { kind: 'FLAG_KIND_STRING', variants: [{ key: 'on', value: 'never' }] },
    config: { ...always, enabled: false },
  },
  targeted: {
    flag: { kind: 'FLAG_KIND_BOOLEAN', variants: onOff },
    config: {
      enabled: true,
      rules: [
        {
          id: 'dutch',
          condition: { compare: { attribute: 'country', operator: 'in', values: ['NL'] } },
          serve: { variant: 'on' },
        },
      ],
      fallthrough: { variant: 'off' },
    },
  },
  split: {
    flag: {
      kind: 'FLAG_KIND_STRING',
      variants: [
        { key: 'a', value: 'A' },
        { key: 'b', value: 'B' },
        { key: 'c', value: 'C' },
      ],
    },
    config: {
      enabled: true,
      fallthrough: {
        split: {
          entries: [
            { variant: 'a', weight: 50_000 },
            { variant: 'b', weight: 30_000 },
            { variant: 'c', weight: 20_000 },
          ],
        },
      },
    },
  },
  moving: { flag: { kind: 'FLAG_KIND_BOOLEAN', variants: onOff } },
  'moved-meanwhile': { flag: { kind: 'FLAG_KIND_BOOLEAN', variants: onOff } },
};

export class FlagdServer {
  readonly grpcPort: number;
  readonly syncPort: number;
  readonly ofrepPort: number;
  readonly #managementPort: number;
  readonly #installation: Installation;
  #evaluator: TestProcess | undefined;

  #withholding: Promise<number> | undefined;

  private constructor(installation: Installation, ports: readonly [number, number, number, number]) {
    this.#installation = installation;
    [this.grpcPort, this.syncPort, this.ofrepPort, this.#managementPort] = ports;
  }

  static async start(): Promise<FlagdServer> {
    const installation = await Installation.start({ evaluators: 0 });
    const server = new FlagdServer(installation, [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]);
    for (const [key, { flag, config = always }] of Object.entries(FLAGS))
      await server.#create(key, flag, config);
    await server.up();
    return server;
  }

  /** Where a client of this mode connects to. */
  portOf(mode: Mode): number {
    return mode === 'rpc' ? this.grpcPort : this.syncPort;
  }

  async up(): Promise<void> {
    const { grpcPort: grpc, syncPort: sync, ofrepPort: ofrep } = this;
    this.#evaluator = await this.#evaluate({ grpc, sync, ofrep, management: this.#managementPort });
  }

  /** The port of sync of a further evaluator, which withholds splits from engines that divide otherwise; started once. */
  withholding(): Promise<number> {
    this.#withholding ??= (async () => {
      const sync = await freePort();
      const ports = { grpc: await freePort(), sync, ofrep: await freePort(), management: await freePort() };
      await this.#evaluate(ports, ['--sync-splits=withhold']);
      return sync;
    })();
    return this.#withholding;
  }

  /** The port of a further evaluator, which pages of this origin alone may call. */
  async forPagesOf(origin: string): Promise<number> {
    const grpc = await freePort();
    const ports = { grpc, sync: await freePort(), ofrep: await freePort(), management: await freePort() };
    await this.#evaluate(ports, [`--cors-origins=${origin}`]);
    return grpc;
  }

  async #evaluate(
    ports: Readonly<Record<'grpc' | 'sync' | 'ofrep' | 'management', number>>,
    more: readonly string[] = [],
  ): Promise<TestProcess> {
    const { nats, controlPlane } = this.#installation;
    const evaluator = startFlagstream([
      'serve',
      '--role=evaluator',
      `--grpc-port=${ports.grpc}`,
      `--sync-port=${ports.sync}`,
      `--ofrep-port=${ports.ofrep}`,
      `--management-port=${ports.management}`,
      `--nats-url=${nats.url}`,
      `--nats-prefix=${nats.prefix}`,
      `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
      '--drain-ms=2000',
      ...more,
    ]);
    await evaluator.waitForReady(ports.management);
    return evaluator;
  }

  /** As if its machine had lost power. */
  async crash(): Promise<void> {
    await this.#evaluator?.kill('SIGKILL');
  }

  /** As a rollout does it: streams are told to go, and end. */
  async drain(): Promise<void> {
    await this.#evaluator?.stop();
  }

  /** From now on a boolean flag has this variant for everybody. */
  async serve(key: string, variant: 'on' | 'off'): Promise<void> {
    const { admin } = this.#installation;
    await callUnary(admin.client, admin.client.updateFlagConfig, {
      flagConfig: FlagConfig.fromJSON({ name: admin.configName(key), fallthrough: { variant } }),
      updateMask: ['fallthrough'],
      ...written(`serve ${variant}`),
    });
  }

  async #create(flagId: string, flag: object, config: object): Promise<void> {
    const { admin } = this.#installation;
    await callUnary(
      admin.client,
      admin.client.createFlag,
      CreateFlagRequest.fromPartial({
        parent: `projects/${admin.project}`,
        flagId,
        flag: Flag.fromJSON(flag),
        configs: { [admin.environment]: FlagConfig.fromJSON(config) },
        ...written('create'),
      }),
    );
  }
}

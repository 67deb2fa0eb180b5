// The control plane's admin API, for tests: short forms of what they do most.

import { randomUUID } from 'node:crypto';
import { AdminServiceClient } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { callUnary } from './grpc-call.ts';
import { hold } from './resources.ts';

export interface Written {
  readonly epoch: number;
  readonly revision: number;
  readonly etag: string;
}

/** A project and environment of one control plane, seen through its admin port. */
export class Admin {
  readonly client: AdminServiceClient;
  readonly project: string;
  readonly environment: string;

  /** @param channel plaintext when absent */
  constructor(
    port: number,
    project = 'default',
    environment = 'development',
    channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.client = new AdminServiceClient(`127.0.0.1:${port}`, channel);
    this.project = project;
    this.environment = environment;
    hold({
      what: `admin client of port ${port}`,
      release: async () => this.client.close(),
      releaseNow: () => this.client.close(),
    });
  }

  /**
   * A boolean flag that is on for everybody.
   * @param config what its configuration has beside that, in JSON
   */
  async createBoolean(key: string, enabled = true, config: object = {}): Promise<Written> {
    const response = await callUnary(this.client, this.client.createFlag, {
      parent: `projects/${this.project}`,
      flagId: key,
      flag: Flag.fromJSON({
        kind: 'FLAG_KIND_BOOLEAN',
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
      }),
      configs: {
        [this.environment]: FlagConfig.fromJSON({ enabled, fallthrough: { variant: 'on' }, ...config }),
      },
      ...written('create'),
    });
    return { ...place(response.revision), etag: response.flag?.etag ?? '' };
  }

  async setEnabled(key: string, enabled: boolean, opId = ''): Promise<Written> {
    const response = await callUnary(this.client, this.client.updateFlagConfig, {
      flagConfig: FlagConfig.fromJSON({ name: this.configName(key), enabled }),
      updateMask: ['enabled'],
      ...written(enabled ? 'switch on' : 'switch off', opId),
    });
    return { ...place(response.revision), etag: response.flagConfig?.etag ?? '' };
  }

  /** Changes a flag's description: a revision that alters no answer. */
  async describe(key: string, description: string): Promise<Written> {
    const response = await callUnary(this.client, this.client.updateFlag, {
      flag: Flag.fromJSON({ name: `projects/${this.project}/flags/${key}`, description }),
      updateMask: ['description'],
      ...written('describe'),
    });
    return { ...place(response.revision), etag: response.flag?.etag ?? '' };
  }

  configName(key: string): string {
    return `projects/${this.project}/environments/${this.environment}/flagConfigs/${key}`;
  }
}

export function written(
  comment: string,
  opId: string = randomUUID(),
): { opId: string; actor: string; comment: string; validateOnly: boolean } {
  return { opId: opId === '' ? randomUUID() : opId, actor: 'test', comment, validateOnly: false };
}

function place(revision: { epoch: number; revision: bigint } | undefined): {
  epoch: number;
  revision: number;
} {
  if (revision === undefined) throw new Error('the answer carries no revision');
  return { epoch: revision.epoch, revision: Number(revision.revision) };
}

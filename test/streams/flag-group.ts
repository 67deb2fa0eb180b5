// Flags that are only ever changed together: whoever sees two of them differ has seen a state that never existed.

import type { FlagstreamClient } from '@flagstream/client';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type Admin, written } from '../support/admin.ts';
import { callUnary } from '../support/grpc-call.ts';

/** What a client had in force at one moment. */
export interface Sight {
  readonly client: string;
  readonly epoch: number;
  readonly revision: number;
  /** Of the group's flags, each value once. */
  readonly values: readonly string[];
}

/** A later write says another word than the sixteen before it. */
const WORDS = Array.from({ length: 16 }, (_, index) => `word-${index}`);

export class FlagGroup {
  readonly #admin: Admin;
  readonly #keys: readonly string[];
  /** By revision, oldest first. */
  readonly #written = new Map<number, string>();

  private constructor(admin: Admin, keys: readonly string[]) {
    this.#admin = admin;
    this.#keys = keys;
  }

  static async create(admin: Admin, size: number): Promise<FlagGroup> {
    const keys = Array.from({ length: size }, (_, index) => `member-${index}`);
    const group = new FlagGroup(admin, keys);
    await group.#write(WORDS[0]!, true);
    return group;
  }

  get revision(): number {
    return [...this.#written.keys()].at(-1)!;
  }

  get value(): string {
    return this.#written.get(this.revision)!;
  }

  /** One change of all of them. */
  write(): Promise<void> {
    return this.#write(WORDS[this.#written.size % WORDS.length]!, false);
  }

  async writeTimes(times: number): Promise<void> {
    for (let done = 0; done < times; done++) await this.write();
  }

  seenBy(name: string, client: FlagstreamClient): Sight {
    const { flags, epoch, revision } = client.allFlags();
    const values = new Set(this.#keys.map((key) => String(flags.get(key)?.value)));
    return { client: name, epoch, revision, values: [...values] };
  }

  /** Sights of states that never existed: torn, or of another revision than they say. */
  neverExisted(sights: readonly Sight[]): readonly Sight[] {
    return sights.filter(({ revision, values }) => values.join() !== this.#at(revision));
  }

  #at(revision: number): string | undefined {
    let value: string | undefined;
    for (const [at, written] of this.#written) if (at <= revision) value = written;
    return value;
  }

  async #write(value: string, create: boolean): Promise<void> {
    const { project, environment, client } = this.#admin;
    const flagOf = (key: string): Flag =>
      Flag.fromJSON({
        name: `projects/${project}/flags/${key}`,
        kind: 'FLAG_KIND_STRING',
        variants: WORDS.map((word) => ({ key: word, value: word })),
        offVariant: WORDS[0],
      });
    const configOf = (key: string): FlagConfig =>
      FlagConfig.fromJSON({
        name: `projects/${project}/environments/${environment}/flagConfigs/${key}`,
        enabled: true,
        fallthrough: { variant: value },
        // Some bytes more, so that a change of all fills more than one small frame.
        rules: [
          {
            id: 'nobody',
            description: 'x'.repeat(400),
            condition: { not: { all: {} } },
            serve: { variant: value },
          },
        ],
      });
    const changes = this.#keys.flatMap((key) => [
      ...(create ? [{ change: { $case: 'flag' as const, value: flagOf(key) } }] : []),
      { change: { $case: 'flagConfig' as const, value: configOf(key) } },
    ]);
    const { revision } = await callUnary(client, client.applyChangeSet, { changes, ...written('together') });
    this.#written.set(Number(revision?.revision), value);
  }
}

/** Sights of a client that are older than one before them. */
export function regressions(sights: readonly Sight[]): readonly Sight[] {
  const newest = new Map<string, Sight>();
  return sights.filter((sight) => {
    const before = newest.get(sight.client);
    const isOlder =
      before !== undefined &&
      (sight.epoch < before.epoch || (sight.epoch === before.epoch && sight.revision < before.revision));
    if (!isOlder) newest.set(sight.client, sight);
    return isOlder;
  });
}

// Tests that need a nats-server say so here, and what they need of it. Where that is not to be had they
// are skipped by name and counted; where a server should be there and is not, they fail.

import process from 'node:process';
import { describe, test } from 'vitest';
import { givenUrl, natsVersion } from './nats-server.ts';

export interface NatsNeeds {
  /** The test stops or restarts the server, so one given by NATS_URL will not do. */
  readonly ownServer?: boolean;
}

export interface NatsGate {
  readonly describe: (name: string, body: () => void) => void;
  readonly test: (name: string, body: () => Promise<void> | void, timeoutMs?: number) => void;
}

/** What is to be had: which server, and whose. */
export interface NatsSupply {
  readonly skipAll: boolean;
  readonly version: string;
  readonly given: boolean;
}

const skipAll: boolean = process.env['FLAGSTREAM_SKIP_NATS'] === '1';
const supply: NatsSupply = {
  skipAll,
  version: skipAll ? '' : await natsVersion(),
  given: givenUrl() !== undefined,
};

/** `describe` and `test` for a server of at least `minimum`. */
export function requiresNats(minimum = '2.9.0', needs: NatsNeeds = {}): NatsGate {
  const reason = skipReason(minimum, needs, supply);
  if (reason === undefined) return { describe, test };
  const named = (name: string): string => `${name} [needs ${reason}]`;
  return {
    describe: (name, body) => void describe.skip(named(name), body),
    test: (name, body) => test.skip(named(name), body),
  };
}

/** Why a test with these needs cannot run, or undefined when it can. */
export function skipReason(minimum: string, needs: NatsNeeds, available: NatsSupply): string | undefined {
  if (available.skipAll) return 'a nats-server, and FLAGSTREAM_SKIP_NATS=1';
  if (isOlder(available.version, minimum)) return `nats-server ${minimum}, this is ${available.version}`;
  if (needs.ownServer === true && available.given) return 'a server of its own, and NATS_URL is set';
  return undefined;
}

/** Compares "2.9.10" with "2.10.0" number by number. */
function isOlder(actual: string, minimum: string): boolean {
  const have = actual.split('.').map(Number);
  const want = minimum.split('.').map(Number);
  const difference = want.map((part, index) => (have[index] ?? 0) - part).find((part) => part !== 0);
  return difference !== undefined && difference < 0;
}

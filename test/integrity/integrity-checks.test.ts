// Each integrity check earns its place: there is damage, or misuse, that it notices by name, and that every other
// check lets through where this one is made nowhere.

import { beforeAll, describe, expect, test } from 'vitest';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { tempDir } from '../support/temp-dir.ts';
import { bundledChecks } from './bundled-checks.ts';
import type { Outcome, Scenario } from './scenario.ts';

let nats: Promise<NatsServer> | undefined;
let serial = 0;

async function run(scenario: Scenario): Promise<Outcome> {
  const folder = tempDir('integrity');
  if (!scenario.needsNats) return scenario.run({ folder, natsUrl: '', natsPrefix: '' });
  nats ??= startNatsServer();
  const { url, prefix } = await nats;
  serial += 1;
  return scenario.run({ folder, natsUrl: url, natsPrefix: `${prefix}-${serial}` });
}

for (const [check, scenarios] of Object.entries(await bundledChecks())) {
  describe(`without the ${check} nobody notices that`, () => {
    let unchecked: readonly Scenario[];
    beforeAll(async () => {
      unchecked = (await bundledChecks(check))[check]!;
    });

    for (const [index, scenario] of scenarios.entries()) {
      const register = scenario.needsNats ? requiresNats().test : test;
      register(scenario.name, async () => {
        const { noticed, wrong } = await run(scenario);
        expect(noticed).toContainEqual(expect.stringMatching(scenario.noticedAs));
        expect(wrong).toBeUndefined();
        expect(await run(unchecked[index]!)).toEqual({ noticed: [], wrong: expect.any(String) });
      });
    }
  });
}

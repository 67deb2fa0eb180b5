// ConfigCat's SDK, offline, from a cache that holds the configuration; evaluated on a snapshot of it.

import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerRule, SUBJECTS } from './peer.ts';

interface Sdk {
  getClient(
    sdkKey: string,
    mode: number,
    options: object,
  ): {
    waitForReady(): Promise<unknown>;
    snapshot(): { getValue(flagKey: string, defaultValue: boolean, user: object): boolean };
  };
  readonly PollingMode: { readonly LazyLoad: number };
  createConsoleLogger(level: number): object;
  readonly LogLevel: { readonly Off: number };
  readonly User: new (
    id: string,
    email: string,
    country: string,
    custom: Readonly<Record<string, string | number>>,
  ) => object;
}

/** Its form, if not its value, is what the SDK demands. */
const SDK_KEY = `configcat-sdk-1/${'0'.repeat(22)}/${'0'.repeat(22)}`;
const ATTRIBUTES = { country: 'Country', email: 'Email', plan: 'plan' } as const;
/** Of the configuration's format. */
const BOOLEAN = 0;
const TEXT_EQUALS = 28;
const TEXT_IS_ONE_OF = 0;

export const configCat: Peer = {
  sdk: 'configcat-node',
  call: 'client.snapshot().getValue()',
  async open(flags) {
    const sdk = loadSdk<Sdk>('configcat-node');
    const configuration = JSON.stringify({
      p: { u: 'http://127.0.0.1:1', r: 0, s: 'salt' },
      f: Object.fromEntries(
        flags.map(({ key, rules }) => [key, { ...answer(false), t: BOOLEAN, r: rules.map(ruleOf) }]),
      ),
    });
    const cached = `${Date.now()}\n"etag"\n${configuration}`;
    const client = sdk.getClient(SDK_KEY, sdk.PollingMode.LazyLoad, {
      offline: true,
      cache: { get: () => cached, set: () => undefined },
      logger: sdk.createConsoleLogger(sdk.LogLevel.Off),
    });
    await client.waitForReady();
    const snapshot = client.snapshot();
    const users = SUBJECTS.map(
      ({ id, email, country, plan, age }) => new sdk.User(id, email, country, { plan, age }),
    );
    return {
      mode: 'direct',
      evaluate: (flagKey, subject) => snapshot.getValue(flagKey, false, users[subject]!),
    };
  },
};

function ruleOf({ attribute, values, percent }: PeerRule): object {
  const operand = values.length === 1 ? { c: TEXT_EQUALS, s: values[0] } : { c: TEXT_IS_ONE_OF, l: values };
  return {
    c: [{ u: { a: ATTRIBUTES[attribute], ...operand } }],
    ...(percent === 100
      ? { s: answer(true) }
      : {
          p: [
            { p: 50, ...answer(true) },
            { p: 50, ...answer(false) },
          ],
        }),
  };
}

function answer(value: boolean): object {
  return { v: { b: value }, i: String(value) };
}

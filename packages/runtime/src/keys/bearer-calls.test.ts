import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, describe, expect, it } from 'vitest';
import { bearerCalls } from './bearer-calls.ts';

const SECRET = 'doNotPrintMe';
const clients: Client[] = [];

/** What a call with this key says before it is sent. */
function refusalOfCall(key: string | (() => string)): string {
  try {
    // The discard port: what is tested happens before anything is dialled.
    const client = new Client('127.0.0.1:9', credentials.createInsecure(), bearerCalls(key));
    clients.push(client);
    const call = client.makeUnaryRequest(
      '/a.B/C',
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.alloc(0),
      () => undefined,
    );
    call.cancel();
  } catch (error) {
    return String(error);
  }
  return 'taken';
}

describe('bearerCalls', () => {
  it.each([`fsa_${SECRET}\nfsa_other`, `fsa_${SECRET}ü`])(
    'never repeats a key that is refused: %j',
    (key) => {
      for (const given of [key, () => key]) {
        const text = refusalOfCall(given);
        expect(text).toContain('must be printable ASCII');
        expect(text).not.toContain(SECRET);
      }
    },
  );

  it('takes a key with a line break at its end', () => {
    for (const given of [`fsa_${SECRET}\n`, () => `fsa_${SECRET}\n`])
      expect(refusalOfCall(given)).toBe('taken');
  });

  afterAll(() => {
    for (const client of clients) client.close();
  });
});

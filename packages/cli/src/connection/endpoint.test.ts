import { describe, expect, it } from 'vitest';
import { parseEndpoint } from './endpoint.ts';

describe('parseEndpoint', () => {
  it.each([
    ['localhost:8010', 'localhost:8010'],
    ['8010', 'localhost:8010'],
    [':8010', 'localhost:8010'],
    ['[::1]:8010', '[::1]:8010'],
    ['flags.example.org:443', 'flags.example.org:443'],
  ])('%s is %s', (text, address) => {
    expect(parseEndpoint('control plane', text).address).toBe(address);
  });

  it.each(['', 'localhost', 'localhost:0', 'localhost:65536', 'http://localhost:8010', '::1:8010', 'a b:1'])(
    'refuses %j',
    (text) => {
      expect(() => parseEndpoint('evaluator', text)).toThrow(
        `--evaluator ${JSON.stringify(text)} is not an address`,
      );
    },
  );
});

import { describe, expect, it } from 'vitest';
import { type BadLine, type BatchRequest, LINE_BYTES_MAX, parseLine } from './batch-request.ts';

const parse = (text: string): BatchRequest | BadLine | undefined => parseLine(Buffer.from(text));

describe('a line of a batch', () => {
  it('is a request with its instant in milliseconds, and the default if it has one', () => {
    expect(
      parse('{"id":"a","flag":"f","context":{"x":[1]},"now":"2026-12-24T18:00:00.5Z","default":null}\r'),
    ).toEqual({
      id: 'a',
      flag: 'f',
      context: { x: [1] },
      nowMs: Date.UTC(2026, 11, 24, 18, 0, 0, 500),
      default: null,
    });
    expect(parse('{"id":1.5,"flag":"","context":{},"more":1}')).toEqual({
      id: 1.5,
      flag: '',
      context: {},
      nowMs: undefined,
      default: undefined,
    });
  });

  it.each(['', ' \t', '\r', '\ufeff'])('is not JSON when it is blank: %j', (text) => {
    expect(parse(text)).toEqual({ id: null, reason: expect.stringMatching(/^The line is not JSON: /) });
  });

  it.each([
    ['{"id":1', null, /^The line is not JSON: /],
    ['[1]', null, /not a JSON object/],
    ['null', null, /not a JSON object/],
    ['{"flag":"f","context":{}}', null, /^The field "id" is missing/],
    ['{"id":null,"flag":"f","context":{}}', null, /^The field "id" must be a string or a number/],
    ['{"id":true,"flag":"f","context":{}}', null, /^The field "id" must be/],
    ['{"id":9007199254740993,"flag":"f","context":{}}', null, /"id" is a number too large/],
    ['{"id":1e999,"flag":"f","context":{}}', null, /"id" is a number too large/],
    ['{"id":1,"context":{}}', 1, /^The field "flag" is missing/],
    ['{"id":1,"flag":7,"context":{}}', 1, /^The field "flag" must be/],
    ['{"id":"x","flag":"f"}', 'x', /^The field "context" is missing/],
    ['{"id":1,"flag":"f","context":[]}', 1, /^The field "context" must be a JSON object/],
    ['{"id":1,"flag":"f","context":{},"now":1766599200}', 1, /^The field "now" must be an RFC 3339/],
    ['{"id":1,"flag":"f","context":{},"now":"2026-13-01T00:00:00Z"}', 1, /^The field "now"/],
    ['{"id":1,"flag":"f","context":{},"now":null}', 1, /^The field "now"/],
    [
      `{"id":1,"flag":"f","context":{},"default":${'['.repeat(101)}${']'.repeat(101)}}`,
      1,
      /"default" must be/,
    ],
    [
      `{"id":1,"flag":"f","context":{},"default":${'['.repeat(99_999)}${']'.repeat(99_999)}}`,
      1,
      /"default" must be JSON of at most 100 levels/,
    ],
    ['{"id":1,"flag":"f","context":{},"default":{"a":[1e400]}}', 1, /"default" must be/],
    ['{"__proto__":{"id":1,"flag":"f","context":{}}}', null, /^The field "id" is missing/],
    ['{"id":1,"flag":"f","__proto__":{"context":{}}}', 1, /^The field "context" is missing/],
  ])('%s is not valid', (text, id, reason) => {
    expect(parse(text)).toEqual({ id, reason: expect.stringMatching(reason) });
  });

  it('is not valid when it is too long or not UTF-8', () => {
    expect(parseLine('too long')).toEqual({
      id: null,
      reason: `The line is longer than ${LINE_BYTES_MAX} bytes.`,
    });
    expect(parseLine(Buffer.from([0x22, 0xff, 0x22]))).toEqual({
      id: null,
      reason: 'The line is not UTF-8.',
    });
  });

  it('keeps a "__proto__" of its context as data', () => {
    const request = parse('{"id":1,"flag":"f","context":{"__proto__":{"admin":true}}}') as BatchRequest;
    expect(Object.keys(request.context)).toEqual(['__proto__']);
    expect((request.context as { admin?: unknown }).admin).toBeUndefined();
  });
});

import { createHash } from 'node:crypto';
import { CreateFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { describe, expect, it } from 'vitest';
import { requestDigest } from './request-digest.ts';

const METHOD = '/flagstream.v1.AdminService/CreateFlag';

function digestOf(fields: object, method = METHOD): string {
  const request = CreateFlagRequest.fromJSON({
    parent: 'projects/p',
    flagId: 'a',
    flag: { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value: { x: 1, y: [true, null] } }] },
    ...fields,
  });
  return Buffer.from(requestDigest(method, CreateFlagRequest.toJSON(request))).toString('hex');
}

describe('requestDigest', () => {
  it('has the documented form, for ever', () => {
    const text =
      `${METHOD}\n{"flag":{"kind":"FLAG_KIND_OBJECT","variants":[{"key":"v","value":{"x":1,"y":[true,null]}}]},` +
      '"flagId":"a","parent":"projects/p"}';
    expect(digestOf({})).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('does not depend on the operation, on planning, or on the order of members', () => {
    const configs = { dev: { enabled: true }, prod: { enabled: false } };
    expect(digestOf({ opId: 'op-1', validateOnly: true })).toBe(digestOf({}));
    expect(digestOf({ configs })).toBe(digestOf({ configs: { prod: configs.prod, dev: configs.dev } }));
    const flag = { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value: { y: [true, null], x: 1 } }] };
    expect(digestOf({ flag })).toBe(digestOf({}));
  });

  it('depends on everything else', () => {
    const digests = [
      digestOf({}),
      digestOf({}, '/flagstream.v1.AdminService/UpdateFlag'),
      digestOf({ comment: 'why' }),
      digestOf({ actor: 'alice' }),
      digestOf({ flagId: 'b' }),
      digestOf({
        flag: { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value: { x: 1, y: [null, true] } }] },
      }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});

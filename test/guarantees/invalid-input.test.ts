// Invalid input of each kind, at a running process: the catalogued error names the field, and nothing changes.

import { type ErrorReason, fromServiceError } from '@flagstream/protocol';
import {
  ApplyChangeSetRequest,
  CreateFlagRequest,
  UpdateFlagConfigRequest,
  UpdateFlagRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluateRequest, EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Admin } from '../support/admin.ts';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { callUnary } from '../support/grpc-call.ts';
import { privateValue } from '../support/private-value.ts';

const PARENT = 'projects/default';
const CONFIG = 'projects/default/environments/development/flagConfigs/checkout';

interface Case {
  readonly what: string;
  readonly call: (admin: Admin) => Promise<unknown>;
  readonly code: status;
  readonly reason: ErrorReason;
  /** A field that the error must name; undefined where no field is at fault. */
  readonly field?: string;
  readonly fieldReason?: string;
}

const flag = (
  flagId: string,
  definition: object,
  configs: object = {},
): ((admin: Admin) => Promise<unknown>) => {
  const request = CreateFlagRequest.fromJSON({ parent: PARENT, flagId, flag: definition, configs });
  return ({ client }) => callUnary(client, client.createFlag, request);
};

const config = (definition: object, mask = ''): ((admin: Admin) => Promise<unknown>) => {
  const request = UpdateFlagConfigRequest.fromJSON({
    flagConfig: { name: CONFIG, ...definition },
    updateMask: mask,
  });
  return ({ client }) => callUnary(client, client.updateFlagConfig, request);
};

const serves = (split: object): object => ({ enabled: true, fallthrough: { split } });
const rule = (condition: object): object => ({
  enabled: true,
  rules: [{ id: 'r', condition, serve: { variant: 'on' } }],
});

const CASES: readonly Case[] = [
  {
    what: 'an unknown flag',
    call: ({ client }) =>
      callUnary(client, client.getFlag, { name: `${PARENT}/flags/nope`, atRevision: 0n, allowStale: false }),
    code: status.NOT_FOUND,
    reason: 'FLAG_NOT_FOUND',
  },
  {
    what: 'a name of another form',
    call: ({ client }) =>
      callUnary(client, client.getFlag, { name: 'flags/nope', atRevision: 0n, allowStale: false }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_NAME',
    field: 'name',
  },
  {
    what: 'a key that is none',
    call: flag('No Key', { kind: 'FLAG_KIND_BOOLEAN' }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_FIELD',
    field: 'flag_id',
  },
  {
    what: 'a flag of no kind',
    call: flag('kindless', { variants: [{ key: 'on', value: true }] }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag.kind',
    fieldReason: 'MISSING_FIELD',
  },
  {
    what: 'a value of another type',
    call: flag('typed', { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'a', value: 'text' }] }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag.variants[0].value',
    fieldReason: 'TYPE_MISMATCH',
  },
  {
    what: 'an unknown variant',
    call: config({ enabled: true, fallthrough: { variant: 'maybe' } }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.fallthrough.variant',
    fieldReason: 'UNKNOWN_VARIANT',
  },
  {
    what: 'weights that are not a whole',
    call: config(
      serves({
        entries: [
          { variant: 'on', weight: 60_000 },
          { variant: 'off', weight: 60_000 },
        ],
      }),
    ),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.fallthrough.split.entries',
    fieldReason: 'BAD_WEIGHTS',
  },
  {
    what: 'an unknown operator',
    call: config(rule({ compare: { attribute: 'country', operator: 'soundsLike', values: ['NL'] } })),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.rules[0].condition.compare.operator',
    fieldReason: 'UNKNOWN_OPERATOR',
  },
  {
    what: 'a regular expression that is none',
    call: config(rule({ compare: { attribute: 'country', operator: 'matches', values: ['(('] } })),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.rules[0].condition.compare.values[0]',
    fieldReason: 'BAD_REGEX',
  },
  {
    what: 'an unknown segment',
    call: config(rule({ segment: 'nobody' })),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.rules[0].condition.segment',
    fieldReason: 'UNKNOWN_SEGMENT',
  },
  {
    what: 'a rule without an outcome',
    call: config({ enabled: true, rules: [{ id: 'r' }] }),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'flag_config.rules[0].serve',
    fieldReason: 'MISSING_FIELD',
  },
  {
    what: 'a condition that is too deep',
    call: config(
      rule(Array.from({ length: 60 }).reduce<object>((inner) => ({ not: inner }), { segment: 's' })),
    ),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    fieldReason: 'LIMIT_EXCEEDED',
  },
  {
    what: 'prerequisites in a circle',
    call: ({ client }) =>
      callUnary(
        client,
        client.applyChangeSet,
        ApplyChangeSetRequest.fromJSON({
          changes: ['checkout', 'banner'].map((key, index, keys) => ({
            flagConfig: {
              name: `projects/default/environments/development/flagConfigs/${key}`,
              enabled: true,
              prerequisites: [{ flag: keys[1 - index], variants: ['on'] }],
              fallthrough: { variant: 'on' },
            },
          })),
        }),
      ),
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.prerequisites[0].flag',
    fieldReason: 'PREREQUISITE_CYCLE',
  },
  {
    what: 'a stale etag',
    call: config({ etag: '1', enabled: false }, 'enabled'),
    code: status.ABORTED,
    reason: 'ETAG_MISMATCH',
  },
  {
    what: 'a field that is none',
    call: ({ client }) =>
      callUnary(
        client,
        client.updateFlag,
        UpdateFlagRequest.fromJSON({ flag: { name: `${PARENT}/flags/checkout` }, updateMask: 'colour' }),
      ),
    code: status.INVALID_ARGUMENT,
    reason: 'UNKNOWN_FIELD',
    field: 'update_mask',
  },
  {
    what: 'a key that is taken',
    call: flag('checkout', { kind: 'FLAG_KIND_BOOLEAN' }),
    code: status.ALREADY_EXISTS,
    reason: 'ALREADY_EXISTS',
  },
  {
    what: 'an entity that is too large',
    call: flag('large', {
      kind: 'FLAG_KIND_OBJECT',
      variants: [{ key: 'a', value: { text: 'x'.repeat(300_000) } }],
    }),
    code: status.INVALID_ARGUMENT,
    reason: 'LIMIT_EXCEEDED',
    field: 'flag',
  },
  {
    what: 'a request that is too large',
    call: ({ client }) =>
      callUnary(client, client.createFlag, {
        ...CreateFlagRequest.fromJSON({
          parent: PARENT,
          flagId: 'huge',
          flag: { kind: 'FLAG_KIND_BOOLEAN' },
        }),
        comment: 'x'.repeat(33 * 1024 * 1024),
      }),
    code: status.RESOURCE_EXHAUSTED,
    reason: 'REQUEST_TOO_LARGE',
  },
  {
    what: 'a page token of another list',
    call: async ({ client }) => {
      const list = { parent: PARENT, pageSize: 1, pageToken: '', showArchived: false, allowStale: false };
      const { nextPageToken } = await callUnary(client, client.listFlags, list);
      await callUnary(client, client.listFlags, { ...list, pageToken: nextPageToken, showArchived: true });
    },
    code: status.INVALID_ARGUMENT,
    reason: 'PAGE_TOKEN_MISMATCH',
    field: 'page_token',
  },
];

describe('invalid input', () => {
  let dev: DevInstance;
  let head: () => Promise<string>;
  let evaluation: EvaluationServiceClient;
  let log: LogServiceClient;

  beforeAll(async () => {
    dev = await startDev();
    await dev.admin.createBoolean('checkout');
    await dev.admin.createBoolean('banner');
    evaluation = new EvaluationServiceClient(`127.0.0.1:${dev.evaluatorPort}`, credentials.createInsecure());
    log = new LogServiceClient(`127.0.0.1:${dev.adminPort}`, credentials.createInsecure());
    head = async () => {
      const { head: beacon } = await callUnary(log, log.getHead, {});
      return `${beacon?.headRevision} ${beacon?.stateDigest.toString()}`;
    };
  });

  afterAll(() => {
    evaluation.close();
    log.close();
  });

  test.each(CASES)('$what is refused: $reason', async ({ call, code, reason, field, fieldReason }) => {
    const before = await head();
    const error = await call(dev.admin).then(
      () => expect.fail('the call succeeded'),
      (failure: ServiceError) => fromServiceError(failure),
    );
    expect({ status: error.status, reason: error.reason }).toEqual({ status: code, reason });
    if (field !== undefined) expect(error.fields.map((violation) => violation.field)).toContain(field);
    if (fieldReason !== undefined)
      expect(error.fields.map((violation) => violation.reason)).toContain(fieldReason);
    expect(error.next).toMatch(/\w/);
    expect(await head()).toBe(before);
  });

  test.each([
    [
      'an unknown flag',
      { flagKey: 'nope', context: { targetingKey: privateValue('user') } },
      status.NOT_FOUND,
      'FLAG_NOT_FOUND',
    ],
    [
      'another kind',
      { flagKey: 'checkout', expectedKind: 'FLAG_KIND_STRING' },
      status.INVALID_ARGUMENT,
      'TYPE_MISMATCH',
    ],
    [
      'a targeting key that is no text',
      { flagKey: 'checkout', context: { targetingKey: 5, email: privateValue('email') } },
      status.INVALID_ARGUMENT,
      'INVALID_CONTEXT',
    ],
    [
      'a context that is too large',
      { flagKey: 'checkout', context: { text: privateValue('text').repeat(5_000) } },
      status.INVALID_ARGUMENT,
      'INVALID_CONTEXT',
    ],
  ] as const)('an evaluation of %s is refused', async (_what, request, code, reason) => {
    const failure = await callUnary(evaluation, evaluation.evaluate, EvaluateRequest.fromJSON(request)).then(
      () => expect.fail('the call succeeded'),
      (error: ServiceError) => fromServiceError(error),
    );
    expect({ status: failure.status, reason: failure.reason }).toEqual({ status: code, reason });
  });

  test('and the process still serves, in order', async () => {
    const answer = await callUnary(
      evaluation,
      evaluation.evaluate,
      EvaluateRequest.fromJSON({ flagKey: 'checkout' }),
    );
    expect(answer).toMatchObject({ value: true, variant: 'on' });
    expect(dev.process.running).toBe(true);
  });
});

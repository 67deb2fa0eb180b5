import { fail, fromServiceError } from '@flagstream/protocol';
import { HealthClient } from '@flagstream/protocol/gen/grpc/health/v1/health';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  check,
  echo,
  failure,
  opened,
  policy,
  quiet,
  read,
  say,
  start,
  type Text,
  tell,
} from './echo-host.fixture.ts';
import { unary } from './handler.ts';
import type { Principal } from './principal.ts';

describe('the one door', () => {
  const principal = (verbs: Principal['verbs']): Principal => ({
    kind: 'client',
    id: 'k1',
    project: 'shop',
    environment: 'production',
    verbs,
    grants: [{ project: 'shop', environment: 'production', verbs }],
  });

  it('asks for each call and refuses what the principal may not do', async () => {
    const { client } = await start([echo], { authenticate: () => principal(new Set(['evaluate'])) });
    expect(await say(client, 'x')).toEqual({ text: 'x' });
    const error = await failure(read(tell(client, 'x')));
    expect(error.code).toBe(grpc.status.PERMISSION_DENIED);
    expect(error.details).toBe('client "k1" may not sync');
    const health = new HealthClient(client.getChannel().getTarget(), grpc.credentials.createInsecure());
    opened.push(() => health.close());
    expect((await failure(check(health, ''))).code).toBe(grpc.status.PERMISSION_DENIED);
  });

  it('runs no handler for a caller it does not know', async () => {
    let calls = 0;
    const { client } = await start(
      [
        {
          ...echo,
          handlers: {
            ...echo.handlers,
            say: unary<Text, Text>((request) => {
              calls += 1;
              return request;
            }),
          },
        },
      ],
      {
        authenticate: () => {
          throw fail('UNAUTHENTICATED', 'no key');
        },
      },
    );
    expect((await failure(say(client, 'x'))).code).toBe(grpc.status.UNAUTHENTICATED);
    expect(calls).toBe(0);
  });

  it('refuses metadata that is not a key, naming it', async () => {
    const { client } = await start();
    const metadata = new grpc.Metadata();
    metadata.set('flagstream-project', '../etc');
    const error = fromServiceError(await failure(say(client, 'x', metadata)));
    expect(error.reason).toBe('INVALID_FIELD');
    expect(error.fields[0]?.field).toBe('metadata flagstream-project');
    // Also after the same place was named by leaving the project out.
    const [left, empty] = [new grpc.Metadata(), new grpc.Metadata()];
    left.set('flagstream-environment', 'production');
    expect(await say(client, 'x', left)).toEqual({ text: 'x' });
    empty.set('flagstream-environment', 'production');
    empty.set('flagstream-project', '');
    expect(fromServiceError(await failure(say(client, 'x', empty))).reason).toBe('INVALID_FIELD');
  });

  it('does not start with a method that has no policy, no handler or a handler of another kind', async () => {
    const { tell: _, ...withoutTell } = policy;
    await expect(start([{ ...echo, policy: withoutTell }])).rejects.toThrow('/test.Echo/Tell has no policy');
    await expect(
      start([{ ...echo, handlers: { say: echo.handlers['say']!, tell: echo.handlers['tell']! } }]),
    ).rejects.toThrow('/test.Echo/Chat has no handler');
    await expect(start([{ ...echo, handlers: { ...echo.handlers, say: quiet } }])).rejects.toThrow(
      'is unary, but its handler is bidi',
    );
    await expect(start([{ ...echo, policy: { ...policy, shout: 'read' } }])).rejects.toThrow('"shout"');
  });
});

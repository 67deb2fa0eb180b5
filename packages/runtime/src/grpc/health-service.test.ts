import {
  type HealthCheckResponse,
  HealthClient,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { check, failure, opened, reader, start } from './echo-host.fixture.ts';

describe('health', () => {
  it('follows the state: Check, List and Watch', async () => {
    const { client, health } = await start();
    const healthClient = new HealthClient(client.getChannel().getTarget(), grpc.credentials.createInsecure());
    opened.push(() => healthClient.close());
    expect(await check(healthClient, '')).toBe(ServingStatus.NOT_SERVING);
    const watch = healthClient.watch({ service: 'test.Echo' });
    const later = healthClient.watch({ service: 'later' });
    const seen = reader(watch);
    const seenLater = reader(later);
    expect(await seen.next()).toBe(ServingStatus.NOT_SERVING);
    expect(await seenLater.next()).toBe(ServingStatus.SERVICE_UNKNOWN);
    health.setReady(true);
    health.set('later', true);
    expect(await seen.next()).toBe(ServingStatus.SERVING);
    expect(await seenLater.next()).toBe(ServingStatus.SERVING);
    expect(await check(healthClient, '')).toBe(ServingStatus.SERVING);
    expect(await check(healthClient, 'liveness')).toBe(ServingStatus.SERVING);
    expect((await failure(check(healthClient, 'nope'))).code).toBe(grpc.status.NOT_FOUND);
    const list = await new Promise<Record<string, HealthCheckResponse>>((resolve, reject) =>
      healthClient.list({}, (error, answer) => (error ? reject(error) : resolve(answer.statuses))),
    );
    expect(Object.keys(list).sort()).toEqual([
      '',
      'grpc.health.v1.Health',
      'later',
      'liveness',
      'readiness',
      'test.Echo',
    ]);
  });
});

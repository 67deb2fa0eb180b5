// Delays and endpoints, by numbers.

import { fail } from '@flagstream/protocol';
import { describe, expect, test } from 'vitest';
import { LIVED_MS, ReconnectPolicy } from './reconnect-policy.ts';
import { type StreamLife, streamEnd } from './stream-end.ts';

const LOST = streamEnd('connection lost');
const life = (liveMs: number, reconnectSpreadMs = 0): StreamLife => ({ liveMs, reconnectSpreadMs });

describe('delays', () => {
  test('grow up to the cap, and start over once a connection has lived', () => {
    const policy = new ReconnectPolicy(['a'], () => 0.999_999);
    const delays = Array.from({ length: 8 }, () => policy.afterEnd(LOST, undefined));
    expect(delays).toEqual([600, 1_800, 5_400, 16_200, 30_000, 30_000, 30_000, 30_000]);
    expect(policy.attempts).toBe(8);
    expect(policy.afterEnd(LOST, life(LIVED_MS - 1))).toBe(30_000);
    expect(policy.afterEnd(LOST, life(LIVED_MS))).toBe(600);
    expect(policy.attempts).toBe(1);
  });

  test('after the loss of a live stream are spread as its server has said, and only then', () => {
    const policy = new ReconnectPolicy(['a'], () => 0.5);
    expect(policy.afterEnd(LOST, life(1, 10_000))).toBe(5_000);
    expect(policy.afterEnd(LOST, undefined)).toBeLessThan(1_000);
    expect(new ReconnectPolicy(['a'], () => 0.5).afterEnd(LOST, life(1, 10))).toBe(400);
  });

  test('are as long as the server asks, spread a little', () => {
    const end = streamEnd('busy', 'overloaded', 10_000);
    expect(new ReconnectPolicy(['a'], () => 0).afterEnd(end, undefined)).toBe(10_000);
    expect(new ReconnectPolicy(['a'], () => 0.5).afterEnd(end, undefined)).toBe(10_250);
  });

  test('do not grow by places in the line of a server that has no room now', () => {
    const policy = new ReconnectPolicy(['a'], () => 0.999_999);
    const delays = [500, 900, 40].map((ms) =>
      policy.afterEnd(streamEnd('full', 'overloaded', ms), undefined),
    );
    expect(delays).toEqual([600, 1_080, 200]);
    expect(policy.attempts).toBe(3);
    expect(policy.afterEnd(LOST, undefined)).toBe(600);
  });

  test('are patient where a retry cannot help', () => {
    for (const reason of ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'STREAM_VERSION_UNSUPPORTED'] as const) {
      const end = { error: fail(reason, 'no'), behind: false };
      expect(new ReconnectPolicy(['a'], () => 0).afterEnd(end, undefined)).toBe(60_000);
    }
  });

  test('after a drain are uniform in the window and no failure', () => {
    const policy = new ReconnectPolicy(['a'], () => 0.25);
    expect(policy.afterDrain(1_000, 5_000)).toBe(2_000);
    expect(policy.attempts).toBe(0);
  });
});

describe('endpoints', () => {
  test('start at a random one', () => {
    const starts = [0, 0.4, 0.99].map((n) => new ReconnectPolicy(['a', 'b', 'c'], () => n).endpoint);
    expect(starts).toEqual(['a', 'b', 'c']);
  });

  test('change after two failures', () => {
    const policy = new ReconnectPolicy(['a', 'b'], () => 0);
    const tried = Array.from({ length: 6 }, () => {
      const { endpoint } = policy;
      policy.afterEnd(LOST, undefined);
      return endpoint;
    });
    expect(tried).toEqual(['a', 'a', 'b', 'b', 'a', 'a']);
  });

  test('change at once when a live stream is lost', () => {
    const policy = new ReconnectPolicy(['a', 'b'], () => 0);
    policy.afterEnd(LOST, life(1));
    expect(policy.endpoint).toBe('b');
    policy.afterEnd(LOST, undefined);
    expect(policy.endpoint).toBe('b');
  });

  test('change at once when the node is behind, and when it drains', () => {
    const policy = new ReconnectPolicy(['a', 'b'], () => 0);
    expect(policy.afterEnd(streamEnd('older', 'behind', 2_000), undefined)).toBe(200);
    expect(policy.endpoint).toBe('b');
    policy.afterDrain(0, 0);
    expect(policy.endpoint).toBe('a');
  });

  test('that are gone are left alone while another one says that it has no room, and not for ever', () => {
    const policy = new ReconnectPolicy(['a', 'b'], () => 0);
    policy.afterEnd(LOST, life(1));
    const tried = Array.from({ length: 12 }, () => {
      const { endpoint } = policy;
      policy.afterEnd(streamEnd('full', 'overloaded', 500), undefined);
      return endpoint;
    });
    expect(tried.join('')).toBe('bbbbbbbbbbaa');
  });

  test('that have no room are left for others that may have', () => {
    const policy = new ReconnectPolicy(['a', 'b', 'c'], () => 0);
    policy.afterEnd(LOST, life(1));
    const tried = Array.from({ length: 6 }, () => {
      const { endpoint } = policy;
      policy.afterEnd(streamEnd('full', 'overloaded', 500), undefined);
      return endpoint;
    });
    expect(tried.join('')).toBe('bbccbb');
  });

  test('that are gone are tried again when no other one answers', () => {
    const policy = new ReconnectPolicy(['a', 'b', 'c'], () => 0);
    policy.afterEnd(LOST, life(1));
    const tried = Array.from({ length: 8 }, () => {
      const { endpoint } = policy;
      policy.afterEnd(LOST, undefined);
      return endpoint;
    });
    expect(tried.join('')).toBe('bbccaabb');
  });

  test('change when the node is behind, also to one that was gone when it was tried last', () => {
    const policy = new ReconnectPolicy(['a', 'b'], () => 0);
    policy.afterEnd(LOST, life(1));
    const tried = Array.from({ length: 4 }, () => {
      const { endpoint } = policy;
      policy.afterEnd(streamEnd('older', 'behind', 2_000), undefined);
      return endpoint;
    });
    expect(tried.join('')).toBe('baba');
  });

  test('with a single one, a node behind is given the time it asks for', () => {
    const policy = new ReconnectPolicy(['a'], () => 0);
    expect(policy.afterEnd(streamEnd('older', 'behind', 2_000), undefined)).toBe(2_000);
  });
});

import { type FlagstreamError, LIMITS } from '@flagstream/protocol';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { AwaitedRequests } from './awaited-requests.ts';
import type { ArrivingCall } from './call-gate.ts';

class Bench {
  nowMs = 0;
  readonly requests = new AwaitedRequests(() => this.nowMs);
  readonly refused: [name: string, reason: string][] = [];

  add(name: string, callerId = 'k'): { readonly metadata: Metadata; gone: boolean } {
    const call = { metadata: new Metadata(), gone: false };
    this.requests.add(call as unknown as ArrivingCall, callerId, (error) =>
      this.refused.push([name, (error as FlagstreamError).reason]),
    );
    return call;
  }

  sweepAt(ms: number): [name: string, reason: string][] {
    this.nowMs = ms;
    this.requests.sweep();
    return this.refused.splice(0);
  }
}

describe('requests that are awaited', () => {
  it('are given up after requestArrivalMs, unless they have arrived or their callers have gone', () => {
    const bench = new Bench();
    const [arrived, left] = [bench.add('arrived'), bench.add('left')];
    bench.add('late');
    bench.requests.arrived(arrived.metadata);
    left.gone = true;
    expect(bench.sweepAt(LIMITS.requestArrivalMs)).toEqual([]);
    expect(bench.requests.size).toBe(1);
    expect(bench.sweepAt(LIMITS.requestArrivalMs + 1)).toEqual([['late', 'TIMEOUT']]);
    expect(bench.requests.size).toBe(0);
  });

  it('may be slow up to slowRequestsMax of one caller: then the oldest go', () => {
    const bench = new Bench();
    for (let index = 0; index < LIMITS.slowRequestsMax + 2; index++) bench.add(`slow ${index}`);
    bench.add('another caller', 'other');
    bench.nowMs = 500;
    bench.add('fast');
    expect(bench.sweepAt(900)).toEqual([]);
    expect(bench.sweepAt(1_200)).toEqual([
      ['slow 0', 'OVERLOADED'],
      ['slow 1', 'OVERLOADED'],
    ]);
    expect(bench.sweepAt(1_400)).toEqual([]);
  });
});

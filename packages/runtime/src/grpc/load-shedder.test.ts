// What is read late is refused, by a clock that is moved by hand and once over real calls.

import { once } from 'node:events';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { LIMITS } from '@flagstream/protocol';
import { HealthClient } from '@flagstream/protocol/gen/grpc/health/v1/health';
import { credentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { check, framedText, opened, rawCall, rawSession, start } from './echo-host.fixture.ts';
import { LoadShedder } from './load-shedder.ts';

class Turns {
  nowMs = 0;
  idleMs = 0;
  timesTooLate = 0;
  random = (): number => 0.5;
  #over: (() => void) | undefined;
  readonly shedder = new LoadShedder({
    monotonicMs: () => this.nowMs,
    idleMs: () => this.idleMs,
    random: () => this.random(),
    afterTurn: (callback) => {
      this.#over = callback;
    },
    onTooLate: () => {
      this.timesTooLate += 1;
    },
  });

  end(): void {
    this.#over?.();
  }

  /** A turn's calls so far, which are as many as it answers in any case, and take so long. */
  read(lengthMs: number): void {
    const startedMs = this.nowMs;
    for (let call = 1; call <= LIMITS.turnCallsMin; call++) {
      expect(this.shedder.refusal(undefined)).toBeUndefined();
      this.nowMs = startedMs + (lengthMs * call) / LIMITS.turnCallsMin;
    }
  }

  /** A turn in which one call was refused. */
  overload(): void {
    this.read(LIMITS.turnCallsMsMax + 1);
    expect(this.shedder.refusal(undefined)).toBeDefined();
    this.end();
  }
}

describe('a turn of the event loop', () => {
  it('answers what it reads first, and refuses what it reads after turnCallsMsAtFirst', () => {
    const turns = new Turns();
    turns.read(LIMITS.turnCallsMsAtFirst);
    expect(turns.shedder.refusal(undefined)).toBeUndefined();
    turns.nowMs += 1;
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
    turns.end();
    expect(turns.shedder.refusal(undefined)).toBeUndefined();
    expect(turns.shedder.counts).toEqual({ late: 1, deadline: 0 });
  });

  it('refuses what it reads after turnCallsMs until those that were refused have come back', () => {
    const turns = new Turns();
    turns.overload();
    turns.nowMs += LIMITS.shedRetryMsMax - LIMITS.turnCallsMs - 2;
    turns.read(0);
    turns.end();
    turns.nowMs += 1;
    turns.read(LIMITS.turnCallsMs);
    expect(turns.shedder.refusal(undefined)).toBeUndefined();
    turns.nowMs += 1;
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
    turns.end();
    turns.nowMs += LIMITS.shedRetryMsMax + 1;
    turns.read(LIMITS.turnCallsMsAtFirst);
    expect(turns.shedder.refusal(undefined)).toBeUndefined();
  });

  it('answers few calls however late: they wait for something else', () => {
    const turns = new Turns();
    turns.overload();
    turns.shedder.refusal(undefined);
    turns.nowMs += 10_000;
    for (let call = 1; call < LIMITS.turnCallsMin; call++)
      expect(turns.shedder.refusal(undefined)).toBeUndefined();
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
  });

  it('answers what came in a pause between two turns, if that takes no longer than twice the pause', () => {
    const turns = new Turns();
    turns.read(0);
    turns.end();
    turns.nowMs += 150;
    for (const lengthMs of [300, 300, 200, 150, LIMITS.turnCallsMsAtFirst]) {
      turns.read(lengthMs);
      expect(turns.shedder.refusal(undefined)).toBeUndefined();
      turns.end();
    }
    turns.read(LIMITS.turnCallsMsAtFirst + 1);
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
  });

  it('answers what came in a pause in its midst, for twice as long and not for longer than turnCallsMsMax', () => {
    for (const [pauseMs, patienceMs] of [
      [150, 300],
      [5_000, LIMITS.turnCallsMsMax],
    ] as const) {
      const turns = new Turns();
      turns.read(0);
      turns.nowMs += pauseMs;
      turns.read(patienceMs + LIMITS.turnCallsMsAtFirst);
      expect(turns.shedder.refusal(undefined)).toBeUndefined();
      turns.nowMs += 1;
      expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
    }
  });

  it('has this patience after a refusal as well, once it has had time to spare', () => {
    for (const [spareMs, isPatient] of [
      [900, true],
      [600, false],
    ] as const) {
      const turns = new Turns();
      turns.overload();
      for (let second = 0; second < 5; second++) {
        turns.nowMs += 3_000;
        turns.idleMs += spareMs;
        turns.read(0);
        turns.end();
      }
      turns.read(LIMITS.turnCallsMsAtFirst);
      expect(turns.shedder.refusal(undefined) === undefined).toBe(isPatient);
    }
  });

  it('answers a part of what came in a pause without it, and less in each turn', () => {
    const turns = new Turns();
    turns.overload();
    turns.read(0);
    turns.end();
    turns.nowMs += 400;
    for (const lengthMs of [200, 100, 50, LIMITS.turnCallsMs]) {
      turns.read(lengthMs);
      expect(turns.shedder.refusal(undefined)).toBeUndefined();
      turns.nowMs += 1;
      expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
      turns.end();
    }
  });

  it('refuses those that are likely to have given up while they were not read', () => {
    const turns = new Turns();
    turns.read(60);
    turns.end();
    turns.read(0);
    expect(turns.shedder.refusal('30m')).toBeUndefined();
    expect(turns.shedder.refusal('29m')).toMatchObject({ reason: 'OVERLOADED' });
    turns.end();
    // Nobody called: nobody waited.
    turns.nowMs += 1_000;
    turns.idleMs += 1_000;
    turns.read(0);
    expect(turns.shedder.refusal('1m')).toBeUndefined();
  });

  it('tells when most of many calls come too late', () => {
    const turns = new Turns();
    const late = (calls: number): void => {
      for (let call = 0; call < calls; call++) turns.shedder.refusal('1m');
    };
    for (const [calls, times] of [
      [60, 0],
      [240, 0],
      [1_200, 2],
    ] as const) {
      turns.nowMs += 1_000;
      turns.read(0);
      turns.end();
      turns.timesTooLate = 0;
      for (let turn = 0; turn < 6; turn++) {
        turns.nowMs += 100;
        turns.read(0);
        late(calls / 6);
        turns.end();
      }
      expect([calls, turns.timesTooLate]).toEqual([calls, times]);
    }
  });

  it('has no such patience after a refusal, nor beyond turnCallsMsMax', () => {
    const turns = new Turns();
    turns.read(0);
    turns.end();
    turns.nowMs += 10_000;
    turns.read(LIMITS.turnCallsMsMax);
    expect(turns.shedder.refusal(undefined)).toBeUndefined();
    turns.nowMs += 1;
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
    turns.end();
    turns.read(0);
    turns.nowMs += LIMITS.turnCallsMsMax;
    expect(turns.shedder.refusal(undefined)).toMatchObject({ reason: 'OVERLOADED' });
  });

  it('refuses a call whose own time was over while it waited', () => {
    const turns = new Turns();
    expect(turns.shedder.refusal('1m')).toBeUndefined();
    turns.nowMs += 30;
    expect(turns.shedder.refusal('30m')).toMatchObject({ reason: 'TIMEOUT' });
    expect(turns.shedder.refusal('29999u')).toMatchObject({ reason: 'TIMEOUT' });
    for (const longer of ['31m', '1S', '1M', '1H', 'nonsense', '']) {
      expect(turns.shedder.refusal(longer)).toBeUndefined();
    }
  });

  it('gives those that it refuses places in a line, which moves on as answers are given', () => {
    const turns = new Turns();
    const { shedRetryMsMin, turnCallsMin } = LIMITS;
    const refused = (calls: number): number[] => {
      turns.read(10 * turnCallsMin);
      const delays = Array.from({ length: calls }, () => turns.shedder.refusal(undefined)!.retryAfterMs!);
      turns.end();
      return delays;
    };
    turns.overload();
    // Until it is known that an answer takes ten milliseconds.
    for (let turn = 0; turn < 50; turn++) refused(1);
    // Nobody calls: that is no answer's time.
    turns.nowMs += 1_000_000;
    turns.overload();
    const delays = refused(50);
    expect(delays[0]).toBe(shedRetryMsMin);
    for (const [place, delay] of delays.entries()) {
      expect(delay - shedRetryMsMin).toBeGreaterThanOrEqual(place * 99);
      expect(delay - shedRetryMsMin).toBeLessThanOrEqual(place * 100 + 50);
    }
    // The next turn's stand behind them.
    expect(refused(1)[0]).toBeGreaterThan(delays.at(-1)! - 10 * turnCallsMin);
  });

  it('sends no one away for longer than shedRetryMsMax, however many come, and not all until the same time', () => {
    const turns = new Turns();
    turns.read(LIMITS.turnCallsMsAtFirst + 1);
    let random = 0;
    turns.random = () => {
      random = (random + 0.1) % 1;
      return random;
    };
    const delays = Array.from({ length: 100_000 }, () => turns.shedder.refusal(undefined)!.retryAfterMs!);
    expect(Math.max(...delays)).toBeLessThanOrEqual(LIMITS.shedRetryMsMax);
    expect(new Set(delays.slice(-100)).size).toBeGreaterThan(5);
    expect(Math.min(...delays.slice(-100))).toBeGreaterThanOrEqual(LIMITS.shedRetryMsMin);
  });
});

interface Answer {
  readonly status: string;
  readonly pushbackMs: number;
}

const CALLS = 120;

async function answerTo(session: ClientHttp2Session): Promise<Answer> {
  const stream = rawCall(session, 'Say');
  stream.end(framedText('hello'));
  stream.resume();
  let headers: IncomingHttpHeaders = {};
  for (const event of ['response', 'trailers'] as const)
    stream.on(event, (more: IncomingHttpHeaders) => {
      headers = { ...headers, ...more };
    });
  await once(stream, 'close');
  return {
    status: String(headers['grpc-status']),
    pushbackMs: Number(headers['grpc-retry-pushback-ms'] ?? 0),
  };
}

it('calls that are read too late are refused unread, with when to come back; health is not', async () => {
  // Each look at the clock finds it 2 ms later: of calls that come together the first are in time.
  let nowMs = 0;
  const tickingMs = (): number => {
    nowMs += 2;
    return nowMs;
  };
  const { port, metrics } = await start(undefined, { monotonicMs: tickingMs, refusesLateCalls: true });
  const session = rawSession(port);
  const answers = await Promise.all(Array.from({ length: CALLS }, () => answerTo(session)));
  const refused = answers.filter((answer) => answer.status === String(status.RESOURCE_EXHAUSTED));
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.filter((answer) => answer.status === '0')).toHaveLength(answers.length - refused.length);
  for (const { pushbackMs } of refused) {
    expect(pushbackMs).toBeGreaterThanOrEqual(LIMITS.shedRetryMsMin / 2);
    expect(pushbackMs).toBeLessThanOrEqual(LIMITS.shedRetryMsMax);
  }
  expect(await metrics.text()).toContain(`flagstream_calls_shed_total{why="late"} ${refused.length}`);
  const health = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  opened.push(() => health.close());
  const checks = await Promise.all(Array.from({ length: CALLS }, () => check(health, '')));
  expect(new Set(checks).size).toBe(1);
});

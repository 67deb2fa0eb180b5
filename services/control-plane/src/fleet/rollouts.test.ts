import { LIMITS } from '@flagstream/protocol';
import { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { describe, expect, it } from 'vitest';
import { revisionOf } from '../admin/present.ts';
import { Reads } from '../admin/reads.ts';
import { ANYBODY, booleanFlag, config, PROJECT, Workbench } from '../workbench.fixture.ts';
import { Fleet } from './fleet.ts';
import { Rollouts } from './rollouts.ts';

const DEV = 'projects/p/environments/dev';

/** A log, and what nodes have told of it. */
class Bench {
  readonly log = new Workbench();
  readonly fleet = new Fleet();
  nowMs = 0;
  readonly rollouts: Rollouts;
  #sequence = 0n;

  constructor() {
    const { log, history } = this.log;
    this.rollouts = new Rollouts({
      fleet: this.fleet,
      log,
      history,
      reads: new Reads(log, history),
      monotonicMs: () => this.nowMs,
      settledMs: 0,
    });
    this.log.apply([...PROJECT, booleanFlag('f'), config('f', { enabled: true })]);
  }

  /** A change of one environment. */
  change(environment: string): void {
    const enabled = this.log.head.revision % 2 === 0;
    this.log.apply([config('f', { enabled }, environment)], { comment: 'for the test' });
  }

  /** A node that is where the log is now, with three clients that have its newest change, and one that does not. */
  tell(nodeId: string, more: object = {}): void {
    this.#sequence += 1n;
    const behind = [{ revision: { epoch: 1, revision: 1n }, clients: 1 }];
    const environments = [{ project: 'p', environment: 'dev', clients: 5, current: 3, arriving: 1, behind }];
    const applied = revisionOf(this.log.head);
    const told = { nodeId, bootId: 'b', sequence: this.#sequence, applied, environments, ...more };
    this.fleet.take(NodeReport.fromPartial(told), this.log.head, this.nowMs);
  }

  clients(): object {
    const [{ clients, current, arriving, behind, silent } = {}] = this.rollouts.clients(
      DEV,
      ANYBODY,
    ).environments;
    return { clients, current, arriving, behind, silent };
  }
}

describe('the clients of an environment', () => {
  it('of a node that is lost are not told to be current: those that owed go on owing, the others are silent', () => {
    const bench = new Bench();
    bench.tell('n1');
    expect(bench.clients()).toEqual({ clients: 5, current: 3, arriving: 1, behind: 1, silent: 0 });
    expect(bench.rollouts.nodes()).toMatchObject([{ clients: 5, clientsBehind: 2 }]);
    bench.nowMs = LIMITS.nodeLostMs + 1;
    expect(bench.clients()).toEqual({ clients: 5, current: 0, arriving: 0, behind: 1, silent: 4 });
    expect(bench.rollouts.nodes()).toMatchObject([{ clients: 5, clientsBehind: 5 }]);
  });

  it('are behind, whatever their node says, where that has not heard of a change of theirs', () => {
    const bench = new Bench();
    bench.tell('n1');
    bench.change('prod');
    expect(bench.clients()).toMatchObject({ current: 3, behind: 1 });
    bench.change('dev');
    const owing = { clients: 5, current: 0, arriving: 0, behind: 5, silent: 0 };
    expect(bench.clients()).toEqual(owing);
    expect(bench.rollouts.nodes()).toMatchObject([{ clientsBehind: 5 }]);
    bench.nowMs = LIMITS.nodeLostMs + 1;
    expect(bench.clients()).toEqual(owing);
    bench.tell('n1');
    expect(bench.clients()).toMatchObject({ current: 3, behind: 1 });
  });

  it('are behind where their node follows another branch', () => {
    const bench = new Bench();
    bench.tell('n1', { applied: { ...revisionOf(bench.log.head), hash: Buffer.alloc(32, 9) } });
    expect(bench.clients()).toMatchObject({ current: 0, behind: 5 });
  });

  it('that a lost node had no room to tell apart are behind as well', () => {
    const bench = new Bench();
    bench.tell('n1', { environments: [], otherClients: 7, otherOwing: 2 });
    expect(bench.rollouts.clients('', ANYBODY).otherClients).toBe(7);
    expect(bench.rollouts.nodes()).toMatchObject([{ clients: 7, clientsBehind: 2 }]);
    bench.nowMs = LIMITS.nodeLostMs + 1;
    expect(bench.rollouts.nodes()).toMatchObject([{ clients: 7, clientsBehind: 7 }]);
  });
});

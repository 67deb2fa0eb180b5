import { FleetClient, Rollout } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { describe, expect, it } from 'vitest';
import { clientAtNode, lostNodesHint, rolloutLine } from './rollout-text.ts';

const HOSTILE = FleetClient.fromPartial({
  nodeId: 'n1',
  client: { instanceId: 'worker\u001b[2J\n7', refusal: 4, refusalDetail: 'no\u001b]0;room\u0007' },
});

describe('a rollout in words', () => {
  it('passes nothing of what clients call themselves, or say, to the terminal but text', () => {
    const told = '(nothing yet, last seen 0 s ago, refuses: no ]0;room )';
    expect(clientAtNode(HOSTILE)).toBe(`n1: worker [2J 7 ${told}`);
    const rollout = Rollout.fromPartial({
      environments: ['projects/p/environments/dev'],
      owing: 1,
      nodes: 1,
      laggards: [HOSTILE],
    });
    expect(rolloutLine(rollout)).toBe(`0 of 1 applied; 1 lag: worker [2J 7 ${told}; 0 of 1 nodes have it`);
  });

  it('does not count clients of a revision that changed nothing which the caller may read', () => {
    expect(rolloutLine(Rollout.fromPartial({ nodes: 2, nodesApplied: 2 }))).toBe(
      'it changed no environment that may be read here; 2 of 2 nodes have it',
    );
  });

  it('says what ends the wait for nodes that are lost', () => {
    expect(lostNodesHint(Rollout.fromPartial({ nodesLost: ['n1', 'n2'] }))).toMatch(/nodes forget n1$/);
    expect(lostNodesHint(Rollout.fromPartial({}))).toBeUndefined();
  });
});

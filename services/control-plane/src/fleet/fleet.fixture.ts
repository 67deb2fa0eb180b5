/** A fleet that is told what nodes report, and asked about a revision. For tests. */
import { type EnvironmentReport, NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { IsOurs } from './delivered.ts';
import { Fleet } from './fleet.ts';

export const PLACE = { project: 'p', environment: 'dev' };
export const at = (revision: number, epoch = 1): { epoch: number; revision: number } => ({ epoch, revision });
const streams = (counted: readonly (readonly [sequence: number, streams: number])[]): object[] =>
  counted.map(([sequence, count]) => ({
    firstSequence: BigInt(sequence),
    lastSequence: BigInt(sequence),
    streams: count,
  }));
export const wire = (revision: number, epoch = 1): object => ({ epoch, revision: BigInt(revision) });

export interface Told
  extends Omit<Partial<EnvironmentReport>, 'behind' | 'laggards' | 'departed' | 'lost' | 'moved'> {
  readonly behind?: readonly (readonly [revision: number, clients: number])[];
  readonly laggards?: readonly (readonly [instanceId: string, revision: number])[];
  readonly departed?: readonly (readonly [instanceId: string, revision: number, owed: number])[];
  /** Streams by the report that has them no more. */
  readonly lost?: readonly (readonly [sequence: number, streams: number])[];
  /** Streams at a process by the report after which they were open. */
  readonly moved?: Readonly<Record<string, readonly (readonly [sequence: number, streams: number])[]>>;
}

export class Bench {
  readonly fleet = new Fleet();
  nowMs = 0;
  head = at(100);
  #sequence = 0;

  tell(nodeId: string, applied: number, environment: Told | undefined, more: object = {}): void {
    this.#sequence += 1;
    const { behind = [], laggards = [], departed = [], lost = [], moved = {}, ...counts } = environment ?? {};
    const report = NodeReport.fromPartial({
      nodeId,
      bootId: 'b1',
      sequence: BigInt(this.#sequence),
      applied: wire(applied),
      environments:
        environment === undefined
          ? []
          : [
              {
                ...PLACE,
                ...counts,
                behind: behind.map(([revision, clients]) => ({ revision: wire(revision), clients })),
                laggards: laggards.map(([instanceId, revision]) => ({
                  instanceId,
                  revision: wire(revision),
                })),
                departed: departed.map(([instanceId, revision, owed]) => ({
                  instanceId,
                  revision: wire(revision),
                  owedRevision: BigInt(owed),
                })),
                lost: streams(lost),
                moved: Object.entries(moved).map(([bootId, of]) => ({ bootId, streams: streams(of) })),
                departedClients: counts.departedClients ?? departed.length,
              },
            ],
      ...more,
    });
    this.fleet.take(report, this.head, this.nowMs);
  }

  /** Of all nodes together. */
  of(target: number, isOurs: IsOurs = () => true): object {
    const all = this.fleet.delivered(at(target), [PLACE], isOurs);
    const sum = (count: (one: (typeof all)[number]) => number): number =>
      all.reduce((total, one) => total + count(one), 0);
    return {
      applied: sum((one) => one.applied),
      owing: sum((one) => one.owing),
      arriving: sum((one) => one.arriving),
      departed: sum((one) => one.departed),
      names: all.flatMap((one) => [...one.laggards, ...one.departedClients].map((each) => each.instanceId)),
    };
  }
}

/** The ledgers of all environments of this node, and its report of itself. */
import { LIMITS } from '@flagstream/protocol';
import type {
  EnvironmentReport,
  FoundInstance,
  NodeReport,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { EnvironmentScope } from '@flagstream/replica';
import { EnvironmentLedger } from './environment-ledger.ts';

export class DeliveryLedger {
  /** New at each start of the process. */
  readonly bootId: string;
  readonly #ledgers = new Map<string, EnvironmentLedger>();
  readonly #stalenessMs: () => number;
  #sequence = 0;

  /** @param stalenessMs how old the state of this process may be; absent: it never lacks anything */
  constructor(bootId: string, stalenessMs: () => number = () => 0) {
    this.bootId = bootId;
    this.#stalenessMs = stalenessMs;
  }

  stalenessMs(): number {
    return this.#stalenessMs();
  }

  /** Of the newest report that is on its way or heard; 0: none. */
  get sequence(): number {
    return this.#sequence;
  }

  /** What was told last goes out as a report. Answers its sequence. */
  numbered(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** The one ledger of an environment. */
  of(scope: EnvironmentScope): EnvironmentLedger {
    const key = `${scope.project}/${scope.environment}`;
    let ledger = this.#ledgers.get(key);
    if (ledger === undefined) {
      ledger = new EnvironmentLedger(scope, this);
      this.#ledgers.set(key, ledger);
    }
    return ledger;
  }

  /** Those with the most to tell first, and how many clients the others have. */
  reports(nowMs: number): Pick<NodeReport, 'environments' | 'otherClients' | 'otherOwing'> {
    const busy = [...this.#ledgers.values()].filter(({ empty }) => !empty);
    const namesMax = Math.max(1, Math.floor(LIMITS.reportedClientsMax / Math.max(1, busy.length / 4)));
    const all = busy
      .map((ledger) => ledger.report(nowMs, Math.min(LIMITS.reportedClientsMax, namesMax)))
      .sort((a, b) => unconfirmed(b) - unconfirmed(a) || b.clients - a.clients);
    const told = all.slice(0, LIMITS.reportedEnvironmentsMax);
    const others = all.slice(told.length);
    return {
      environments: told,
      otherClients: others.reduce((sum, { clients }) => sum + clients, 0),
      otherOwing: others.reduce((sum, environment) => sum + owing(environment), 0),
    };
  }

  find(instanceIds: ReadonlySet<string>): FoundInstance[] {
    if (instanceIds.size === 0) return [];
    return [...this.#ledgers.values()].flatMap((ledger) => ledger.find(instanceIds));
  }
}

function owing(environment: EnvironmentReport): number {
  return unconfirmed(environment) - environment.arriving;
}

function unconfirmed({ clients, current, departedClients }: EnvironmentReport): number {
  return clients - current + departedClients;
}

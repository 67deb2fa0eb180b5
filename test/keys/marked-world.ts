// Projects and environments in which every string says where it belongs: names, values, comments and rules hold a
// mark. Whoever is answered with a mark out of its reach has seen what is not its own.

import {
  AdminServiceService,
  ApplyChangeSetRequest,
  type Change,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { FlagKind, KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Random } from '../sim/world/random.ts';
import { type AnyMethod, bearer, type Headers, type KeyedSite } from './keyed-site.ts';
import { environmentMark, environmentName, projectMark, projectName, type Spot } from './marks.ts';
import { PASSING_SPOTS, PassingThings } from './passing-things.ts';

export interface Holder {
  readonly what: string;
  readonly kind: 'nobody' | 'client' | 'server' | 'admin' | 'node';
  readonly headers: Headers;
  /** Whether a mark may stand in an answer of a method, which is named by its path. */
  readonly mayRead: (mark: string, method: string) => boolean;
  /** Where most of what it asks lies; undefined: anywhere. */
  readonly home: Partial<Spot>;
  /** Whether it is the owner of anything. */
  readonly mayEnd: boolean;
  /** Its key, or the project that the key is of, may end between two calls. */
  readonly isPassing: boolean;
}

const ROLES = [
  ['viewer', Role.VIEWER],
  ['editor', Role.EDITOR],
  ['owner', Role.OWNER],
] as const;
const FLAGS = 4;
const SEGMENTS = 2;

export class MarkedWorld {
  readonly spots: readonly Spot[];
  readonly holders: Holder[] = [];
  readonly keyNames: string[] = [];
  readonly passing: PassingThings;
  /** Where something is changed again and again. */
  readonly #lasting: readonly Spot[];
  readonly #lastingKeys = new Set<string>();
  readonly #site: KeyedSite;
  readonly #random: Random;

  private constructor(site: KeyedSite, random: Random) {
    this.#site = site;
    this.#random = random;
    const projects = random.int(2, 3);
    this.#lasting = Array.from({ length: projects }, (_, p) =>
      Array.from({ length: random.int(2, 3) }, (_none, e) => ({ p, e })),
    ).flat();
    this.spots = [...this.#lasting, ...PASSING_SPOTS];
    this.passing = new PassingThings(site, random);
  }

  static async build(site: KeyedSite, random: Random): Promise<MarkedWorld> {
    const world = new MarkedWorld(site, random);
    for (const p of world.#projects()) await world.#apply(world.#wholeProject(p), projectMark(p, 'hidden'));
    await world.#makeKeys();
    return world;
  }

  project(p: number): string {
    return projectName(p);
  }

  environment(spot: Spot): string {
    return environmentName(spot);
  }

  /** Flags of even numbers are client-visible. */
  flagKey(p: number, i: number): string {
    return `${projectMark(p, i % 2 === 0 ? 'shared' : 'hidden')}-f${i}`;
  }

  segmentKey(p: number, i: number): string {
    return `${projectMark(p, 'hidden')}-s${i}`;
  }

  variantKey(p: number, i: number, which: number): string {
    return `${projectMark(p, i % 2 === 0 ? 'shared' : 'hidden')}-v${which}`;
  }

  /**
   * One change by the owner of everything: of a configuration, of what a project shares, of two places at once, or the
   * end of something.
   */
  async change(): Promise<void> {
    const random = this.#random;
    const spot = random.pick(this.#lasting);
    const { p, e } = spot;
    const i = random.int(0, FLAGS - 1);
    switch (random.int(0, 7)) {
      case 0:
        return this.#apply([this.#flag(p, i)], projectMark(p, 'hidden'));
      case 1:
        return this.#apply([this.#segment(p, random.int(0, SEGMENTS - 1))], projectMark(p, 'hidden'));
      case 2: {
        // One comment for more than one place belongs to all of them.
        const other = random.pick(this.#lasting);
        const changes = other === spot ? [] : [this.#config(other, i)];
        return this.#apply([this.#config(spot, i), ...changes], 'of several places');
      }
      case 3: {
        // Another flag comes and goes: keys are never used again.
        const fresh = this.#flag(p, i, `-${random.int(0, 1_000_000_000)}`);
        await this.#apply([fresh], projectMark(p, 'hidden'));
        const { name } = fresh.change!.value as { name: string };
        return this.#apply([{ change: { $case: 'archive', value: name } }], projectMark(p, 'hidden'));
      }
      case 4:
        // Changes nothing, and is a revision all the same.
        return this.#apply([], projectMark(p, 'hidden'), `op-${random.int(0, 1_000_000_000)}`);
      case 5:
        return this.passing.endKey();
      case 6: {
        if (random.chance(0.2)) return this.passing.archiveProject();
        const key = { kind: KeyKind.SERVER, displayName: environmentMark(spot, 'keys') };
        const { name } = await this.#site.createKey(this.environment(spot), key);
        this.keyNames.push(name);
        return this.passing.addKey(name, spot);
      }
      default:
        return this.#apply([this.#config(spot, i)], environmentMark({ p, e }, 'config'));
    }
  }

  /** Whether calls to come need what a name stands for. */
  mustLast(name: string): boolean {
    return (
      this.#lastingKeys.has(name) ||
      this.#lasting.some((spot) => name === projectName(spot.p) || name === environmentName(spot))
    );
  }

  #projects(): number[] {
    return [...new Set(this.spots.map(({ p }) => p))];
  }

  #wholeProject(p: number): Change[] {
    const own = this.spots.filter((spot) => spot.p === p);
    const hidden = projectMark(p, 'hidden');
    const project = { name: this.project(p), displayName: hidden, description: hidden };
    const environments = own.map((spot) => {
      const said = environmentMark(spot, 'config');
      return { name: this.environment(spot), displayName: said, description: said };
    });
    const flags = Array.from({ length: FLAGS }, (_, i) => i);
    return ApplyChangeSetRequest.fromPartial({
      changes: [
        { change: { $case: 'project', value: project } },
        ...environments.map((value) => ({ change: { $case: 'environment' as const, value } })),
        ...Array.from({ length: SEGMENTS }, (_, i) => this.#segment(p, i)),
        ...flags.map((i) => this.#flag(p, i)),
        ...own.flatMap((spot) => flags.map((i) => this.#config(spot, i))),
      ],
    }).changes;
  }

  #flag(p: number, i: number, suffix = ''): Change {
    const hidden = projectMark(p, 'hidden');
    const mark = projectMark(p, i % 2 === 0 ? 'shared' : 'hidden');
    const value = {
      name: `${this.project(p)}/flags/${this.flagKey(p, i)}${suffix}`,
      kind: FlagKind.STRING,
      variants: [0, 1, 2].map((which) => ({
        key: this.variantKey(p, i, which),
        value: `${mark} ${this.#random.int(0, 9)}`,
        description: hidden,
      })),
      offVariant: this.variantKey(p, i, 0),
      displayName: hidden,
      description: `${hidden} ${this.#random.int(0, 9)}`,
      owner: hidden,
      tags: [hidden],
      clientVisible: i % 2 === 0,
    };
    return changeOf({ $case: 'flag', value });
  }

  #segment(p: number, i: number): Change {
    const hidden = projectMark(p, 'hidden');
    const value = {
      name: `${this.project(p)}/segments/${this.segmentKey(p, i)}`,
      displayName: hidden,
      description: `${hidden} ${this.#random.int(0, 9)}`,
      included: [`${hidden}-${this.#random.int(0, 9)}`, 'user-1'],
    };
    return changeOf({ $case: 'segment', value });
  }

  #config(spot: Spot, i: number): Change {
    const random = this.#random;
    const { p, e } = spot;
    const mark = environmentMark({ p, e }, 'config');
    const which = (): string => this.variantKey(p, i, random.int(0, 2));
    const rules = [
      {
        condition: {
          node: {
            $case: 'compare',
            value: { attribute: 'plan', operator: 'equals', values: [random.pick([mark, 'gold'])] },
          },
        },
        serve: { outcome: { $case: 'variant', value: which() } },
      },
      {
        condition: { node: { $case: 'segment', value: this.segmentKey(p, random.int(0, SEGMENTS - 1)) } },
        serve: { outcome: { $case: 'variant', value: which() } },
      },
      {
        condition: {
          node: { $case: 'compare', value: { attribute: 'broken', operator: 'equals', values: ['yes'] } },
        },
        // Fails when it is met, and says in which words it did.
        serve: { outcome: { $case: 'jsonLogic', value: mark } },
      },
    ];
    const value = {
      name: `${this.environment(spot)}/flagConfigs/${this.flagKey(p, i)}`,
      enabled: random.chance(0.8),
      offVariant: this.variantKey(p, i, 0),
      targets: [{ variant: which(), values: [mark, 'user-2'] }],
      rules: rules.map((rule, r) => ({ ...rule, id: `${mark}-r${r}`, description: mark })),
      fallthrough: { outcome: { $case: 'variant', value: which() } },
    };
    return changeOf({ $case: 'flagConfig', value });
  }

  async #apply(changes: readonly Change[], comment: string, opId = ''): Promise<void> {
    const request = ApplyChangeSetRequest.fromPartial({ changes: [...changes], comment, opId });
    const { grpcPort } = this.#site.controlPlane;
    const method = AdminServiceService.applyChangeSet as unknown as AnyMethod;
    await this.#site.call(grpcPort, method, bearer(this.#site.owner), request);
  }

  async #makeKeys(): Promise<void> {
    const at = ({ p, e }: Spot): { project: string; environment: string } => ({
      project: projectMark(p, 'name'),
      environment: environmentMark({ p, e }, 'name'),
    });
    this.holders.push({
      what: 'no key',
      kind: 'nobody',
      headers: {},
      mayRead: () => false,
      home: {},
      mayEnd: false,
      isPassing: false,
    });
    this.holders.push({
      what: 'owner',
      kind: 'admin',
      headers: bearer(this.#site.owner),
      mayRead: () => true,
      home: {},
      mayEnd: true,
      isPassing: false,
    });
    const node = await this.#site.createKey('', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] });
    this.holders.push({
      what: 'node',
      kind: 'node',
      headers: bearer(node.token),
      // The log holds all projects; whatever else there is, is none of a node's business.
      mayRead: (_mark, method) => method.startsWith('/flagstream.v1.LogService/'),
      home: {},
      mayEnd: false,
      isPassing: false,
    });
    const server = { kind: KeyKind.SERVER };
    for (const spot of this.spots) {
      const { p, e } = spot;
      const display = { displayName: environmentMark({ p, e }, 'keys') };
      const reads = new Set([
        ...(['name', 'shared', 'hidden'] as const).map((part) => projectMark(p, part)),
        ...(['name', 'config'] as const).map((part) => environmentMark({ p, e }, part)),
      ]);
      const keys = environmentMark({ p, e }, 'keys');
      const results = new Set([
        projectMark(p, 'name'),
        projectMark(p, 'shared'),
        environmentMark({ p, e }, 'name'),
      ]);
      const make = async (
        kind: Holder['kind'],
        what: string,
        parent: string,
        key: object,
        mayRead: Holder['mayRead'],
      ): Promise<string> => {
        const made = await this.#site.createKey(parent, { ...key, ...display });
        this.keyNames.push(made.name);
        const isPassing = PASSING_SPOTS.includes(spot) || what.startsWith('passing');
        if (!isPassing) this.#lastingKeys.add(made.name);
        this.holders.push({
          what: `${what} of p${p}e${e}`,
          kind,
          headers: bearer(made.token),
          mayRead,
          home: spot,
          mayEnd: what === 'owner',
          isPassing,
        });
        return made.name;
      };
      const parent = this.environment(spot);
      await make('client', 'client', parent, { kind: KeyKind.CLIENT }, (mark) => results.has(mark));
      await make('server', 'server', parent, server, (mark) => reads.has(mark));
      await make('server', 'half a server', parent, { ...server, verbs: [Verb.EVALUATE] }, (mark) =>
        reads.has(mark),
      );
      this.passing.addKey(
        await make('server', 'passing server', parent, server, (mark) => reads.has(mark)),
        spot,
      );
      for (const [title, role] of ROLES) {
        const admin = { kind: KeyKind.ADMIN, roles: [{ role, ...at(spot) }] };
        const mayRead = (mark: string): boolean => reads.has(mark) || (role === Role.OWNER && mark === keys);
        await make('admin', title, '', admin, mayRead);
      }
    }
    for (const p of this.#projects())
      for (const [title, role] of ROLES) {
        const roles = [{ role, project: projectMark(p, 'name') }];
        const { token } = await this.#site.createKey('', { kind: KeyKind.ADMIN, roles });
        const mayRead = (mark: string): boolean =>
          mark.startsWith(`mkp${p}`) && (role === Role.OWNER || !mark.endsWith('keys'));
        const what = `${title} of all of p${p}`;
        const isPassing = PASSING_SPOTS.some((spot) => spot.p === p);
        this.holders.push({
          what,
          kind: 'admin',
          headers: bearer(token),
          mayRead,
          home: { p },
          mayEnd: role === Role.OWNER,
          isPassing,
        });
      }
    // Of two places with others between them.
    const two = [this.#lasting[0]!, this.#lasting.at(-1)!];
    const roles = two.map((spot) => ({ role: Role.VIEWER, ...at(spot) }));
    const both = await this.#site.createKey('', { kind: KeyKind.ADMIN, roles });
    this.holders.push({
      what: 'viewer of two places',
      kind: 'admin',
      headers: bearer(both.token),
      mayRead: (mark) =>
        two.some(
          ({ p, e }) =>
            (mark.startsWith(`mkp${p}`) && !mark.startsWith(`mkp${p}e`)) ||
            (mark.startsWith(`mkp${p}e${e}`) && !mark.endsWith('keys')),
        ),
      home: {},
      mayEnd: false,
      isPassing: false,
    });
    const viewer = { kind: KeyKind.ADMIN, roles: [{ role: Role.VIEWER }] };
    const { token } = await this.#site.createKey('', viewer);
    const mayRead = (mark: string): boolean => !mark.endsWith('keys');
    this.holders.push({
      what: 'viewer of everything',
      kind: 'admin',
      headers: bearer(token),
      mayRead,
      home: {},
      mayEnd: false,
      isPassing: false,
    });
  }
}

function changeOf(change: object): Change {
  return ApplyChangeSetRequest.fromPartial({ changes: [{ change }] } as never).changes[0]!;
}

/**
 * The transitions that can happen in a simulated world, by reducer and phase;
 * and those that cannot, with the reason. Every phase stands with every event in
 * one of the two lists; one that happens and should not fails the run.
 */

type Table = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const SHIP_ANSWERS = ['append-failed', 'appended', 'conflicted', 'failed', 'snapshot-put'];
const HEARD = ['head', 'head-answer', 'head-failed', 'records', 'tick'];
const SNAPSHOTS = ['snapshot', 'snapshot-failed'];
const CHOICE = [
  'opened',
  'tick',
  'primary-live',
  'primary-down',
  'primary-behind',
  'primary-head',
  'primary-delivered',
];
const SECONDARY = ['secondary-live', 'secondary-down', 'secondary-behind'];

const REACHABLE: Table = {
  ShipDecision: {
    down: [
      'connected',
      'conflicted',
      'inspected',
      'unreachable',
      'look',
      'committed',
      'append-failed',
      'appended',
      'failed',
      'retry',
      'take-over',
    ],
    comparing: [
      ...SHIP_ANSWERS,
      'inspected',
      'stream-created',
      'epoch-begun',
      'disconnected',
      'look',
      'committed',
      'retry',
      'take-over',
    ],
    folding: ['adopted', 'folded', 'failed', 'foreign', 'disconnected', 'look'],
    shipping: [...SHIP_ANSWERS, 'disconnected', 'look', 'committed', 'retry'],
    stopped: [
      ...['append-failed', 'appended', 'connected', 'disconnected', 'failed', 'inspected', 'look'],
      ...['take-over', 'unreachable'],
    ],
  },
  Follower: {
    'stale-cache': ['start', 'live', 'down', 'behind', ...HEARD, ...SNAPSHOTS],
    live: ['live', 'down', 'behind', ...HEARD, ...SNAPSHOTS],
    diverged: ['live', 'down', 'behind', ...HEARD, ...SNAPSHOTS],
    frozen: ['live', 'down', 'behind', ...HEARD, 'snapshot'],
  },
  SourceChoice: {
    primary: CHOICE,
    trying: [...CHOICE, ...SECONDARY],
    secondary: [...CHOICE, ...SECONDARY, 'secondary-head', 'secondary-delivered'],
  },
  SyncServerSession: {
    'await-hello': ['hello'],
    live: ['head', 'pong', 'tick', 'bye', 'stop'],
    waiting: ['turn'],
    'in-flight': ['ack', 'nack', 'head', 'pong', 'tick', 'bye', 'stop', 'drained'],
    stuck: ['head', 'pong', 'tick', 'bye', 'stop'],
  },
  SyncClientSession: {
    idle: ['opened'],
    'hello-sent': ['welcome', 'error', 'tick'],
    syncing: [
      ...['begin', 'items', 'commit', 'update', 'applied', 'apply-failed', 'ping', 'error', 'tick', 'drain'],
    ],
    live: ['begin', 'items', 'commit', 'update', 'applied', 'apply-failed', 'ping', 'error', 'tick', 'drain'],
  },
};

/** Pairs that no simulated world reaches: of some phases ("*": all), and why. */
interface Unreached {
  readonly phases: readonly string[];
  readonly events: readonly string[];
  readonly why: string;
}

const EVENTS: Readonly<Record<string, readonly string[]>> = {
  ShipDecision: [
    ...['connected', 'disconnected', 'unreachable', 'look', 'committed', 'inspected', 'failed'],
    ...['stream-created', 'adopted', 'folded', 'foreign', 'epoch-begun', 'appended', 'conflicted'],
    ...['append-failed', 'snapshot-put', 'retry', 'take-over'],
  ],
  Follower: ['start', 'live', 'down', 'behind', ...HEARD, ...SNAPSHOTS],
  SourceChoice: [...CHOICE, ...SECONDARY, 'secondary-head', 'secondary-delivered'],
  SyncServerSession: [
    ...[
      'hello',
      'ack',
      'nack',
      'pong',
      'bye',
      'unknown',
      'head',
      'drained',
      'tick',
      'turn',
      'no-turn',
      'stop',
    ],
  ],
  SyncClientSession: [
    ...['opened', 'welcome', 'begin', 'items', 'commit', 'update', 'ping', 'drain', 'error', 'unknown'],
    ...['applied', 'apply-failed', 'tick'],
  ],
};

/** Counted in neither list: whether it happens is nothing to ask for. */
export const ABANDONED =
  'the answer of an abandoned attempt, or an order that comes late: there only by rare chance';
const NOT_ORDERED = 'answers an order that is given in other phases only';
const LINK = 'a connection opens when it is down, and ends when it is up';
const NO_WRITES = 'no write is taken meanwhile';
const NOT_STOPPED = 'the person on call takes over only what has stopped';
const ONE_RELEASE = 'every node of a world is of one release';
const ENDED = 'nothing is handed to a session that has ended';
const TRUSTED = 'frames are well formed and in order: fuzzing has tests of its own';
const HELLO_FIRST = 'the first message of a connection is its hello, and it comes once';
const TURN_AT_ONCE = 'fewer clients than turns: a turn comes when it is asked for, and nothing before';
const SEES_STREAM = 'no world starts a restored file without its stream';

const UNREACHED: Readonly<Record<string, readonly Unreached[]>> = {
  ShipDecision: [
    { phases: ['down'], events: ['disconnected'], why: LINK },
    { phases: ['comparing', 'folding', 'shipping'], events: ['connected', 'unreachable'], why: LINK },
    { phases: ['down'], events: ['epoch-begun'], why: SEES_STREAM },
    { phases: ['down', 'shipping'], events: ['stream-created'], why: ABANDONED },
    { phases: ['shipping'], events: ['inspected'], why: ABANDONED },
    { phases: ['stopped'], events: ['conflicted', 'retry'], why: ABANDONED },
    { phases: ['comparing'], events: ['adopted', 'folded', 'foreign'], why: ABANDONED },
    { phases: ['down', 'shipping', 'stopped'], events: ['adopted', 'folded', 'foreign'], why: NOT_ORDERED },
    { phases: ['down'], events: ['snapshot-put'], why: ABANDONED },
    { phases: ['folding', 'stopped'], events: ['snapshot-put'], why: NOT_ORDERED },
    { phases: ['folding', 'shipping', 'stopped'], events: ['epoch-begun'], why: NOT_ORDERED },
    { phases: ['folding', 'stopped'], events: ['stream-created'], why: NOT_ORDERED },
    {
      phases: ['folding'],
      events: ['inspected', 'appended', 'conflicted', 'append-failed', 'retry'],
      why: NOT_ORDERED,
    },
    { phases: ['folding', 'stopped'], events: ['committed'], why: NO_WRITES },
    { phases: ['folding'], events: ['take-over'], why: ABANDONED },
    { phases: ['shipping'], events: ['take-over'], why: NOT_STOPPED },
  ],
  Follower: [
    { phases: ['live', 'diverged', 'frozen'], events: ['start'], why: 'a follower starts once, at first' },
    { phases: ['frozen'], events: ['snapshot-failed'], why: ABANDONED },
  ],
  SourceChoice: [
    {
      phases: ['primary'],
      events: [...SECONDARY, 'secondary-head', 'secondary-delivered'],
      why: 'the other source is closed',
    },
    {
      phases: ['trying'],
      events: ['secondary-head', 'secondary-delivered'],
      why: 'it is live before it brings anything, and then it is stood on',
    },
  ],
  SyncServerSession: [
    {
      phases: ['await-hello'],
      events: ['ack', 'nack', 'pong', 'bye', 'head', 'tick', 'stop'],
      why: HELLO_FIRST,
    },
    { phases: ['await-hello', 'live', 'in-flight', 'stuck'], events: ['turn', 'no-turn'], why: TURN_AT_ONCE },
    {
      phases: ['waiting'],
      events: EVENTS['SyncServerSession']!.filter((event) => event !== 'turn'),
      why: TURN_AT_ONCE,
    },
    { phases: ['live', 'in-flight', 'stuck'], events: ['hello'], why: HELLO_FIRST },
    { phases: ['live', 'stuck'], events: ['ack', 'nack'], why: 'no transfer is under way' },
    { phases: ['await-hello', 'live', 'in-flight', 'stuck'], events: ['unknown'], why: ONE_RELEASE },
    {
      phases: ['await-hello', 'live', 'stuck'],
      events: ['drained'],
      why: 'a transfer is drained while it is open',
    },
    { phases: ['closed'], events: EVENTS['SyncServerSession']!, why: ENDED },
  ],
  SyncClientSession: [
    {
      phases: ['idle'],
      events: EVENTS['SyncClientSession']!.filter((event) => event !== 'opened'),
      why: 'a session is told first that its connection is open',
    },
    { phases: ['hello-sent', 'syncing', 'live'], events: ['opened'], why: 'a connection opens once' },
    {
      phases: ['hello-sent'],
      events: ['begin', 'items', 'commit', 'update', 'ping', 'drain', 'applied', 'apply-failed'],
      why: TRUSTED,
    },
    { phases: ['syncing', 'live'], events: ['welcome'], why: TRUSTED },
    { phases: ['hello-sent', 'syncing', 'live'], events: ['unknown'], why: ONE_RELEASE },
    { phases: ['closed'], events: EVENTS['SyncClientSession']!, why: ENDED },
  ],
};

/** Every phase and event of every reducer, as "reducer phase event". */
export function allPairs(): readonly string[] {
  return Object.entries(REACHABLE).flatMap(([reducer, phases]) => {
    const all = new Set([...Object.keys(phases), ...UNREACHED[reducer]!.flatMap((one) => one.phases)]);
    return [...all].flatMap((phase) => EVENTS[reducer]!.map((event) => `${reducer} ${phase} ${event}`));
  });
}

/** Pairs by key, with the reason. */
export function unreached(): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const [reducer, rules] of Object.entries(UNREACHED))
    for (const { phases, events, why } of rules)
      for (const phase of phases)
        for (const event of events) reasons.set(`${reducer} ${phase} ${event}`, why);
  return reasons;
}

/** Pairs that a world can reach. */
export function reachable(): readonly string[] {
  return Object.entries(REACHABLE).flatMap(([reducer, phases]) =>
    Object.entries(phases).flatMap(([phase, events]) =>
      events.map((event) => `${reducer} ${phase} ${event}`),
    ),
  );
}

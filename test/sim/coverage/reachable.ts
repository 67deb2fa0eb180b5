/**
 * The transitions that can happen in a simulated world, by reducer and phase;
 * and those that cannot, with the reason. What happens and stands in no list is
 * told, so that the lists stay true.
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

export const REACHABLE: Table = {
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
    stopped: ['append-failed', 'connected', 'disconnected', 'failed', 'look', 'take-over', 'unreachable'],
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
    live: ['head', 'pong', 'tick', 'bye'],
    'in-flight': ['ack', 'nack', 'head', 'pong', 'tick', 'bye'],
    stuck: ['head', 'pong', 'tick', 'bye'],
  },
  SyncClientSession: {
    idle: ['opened'],
    'hello-sent': ['welcome', 'error', 'tick'],
    syncing: ['begin', 'items', 'commit', 'update', 'applied', 'apply-failed', 'ping', 'tick'],
    live: ['begin', 'items', 'commit', 'update', 'applied', 'apply-failed', 'ping', 'error', 'tick', 'drain'],
  },
};

const ONE_RELEASE = 'every node of a world is of one release';
const ABANDONED = 'the answer of an abandoned attempt, which no phase heeds: there only by rare chance';
const TRUSTED_FRAMES = 'frames are well formed: fuzzing has tests of its own';

/** By "reducer phase event". */
export const UNREACHED: Readonly<Record<string, string>> = {
  'ShipDecision shipping inspected': ABANDONED,
  'ShipDecision shipping stream-created': ABANDONED,
  'ShipDecision stopped appended': ABANDONED,
  'ShipDecision stopped conflicted': ABANDONED,
  'ShipDecision stopped inspected': ABANDONED,
  'ShipDecision stopped retry': ABANDONED,
  'SyncServerSession await-hello head': 'the first message of a connection is its hello',
  'SyncServerSession await-hello tick': 'the first message of a connection is its hello',
  'SyncServerSession * unknown': ONE_RELEASE,
  'SyncClientSession * unknown': ONE_RELEASE,
  'SyncClientSession hello-sent ping': TRUSTED_FRAMES,
};

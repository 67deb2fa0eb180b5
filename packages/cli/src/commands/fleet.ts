/** `flagstream nodes`, `clients` and `wait`: who is there, and who has which revision in force. */
import { setTimeout as delay } from 'node:timers/promises';
import { environmentName, fail } from '@flagstream/protocol';
import {
  EnvironmentClients,
  type FleetClient,
  ForgetNodeRequest,
  ListClientsRequest,
  ListNodesRequest,
  ListNodesResponse,
  type Node,
  NodeState,
  Rollout,
  type WatchRolloutResponse,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { ServiceError } from '@grpc/grpc-js';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { connectionError } from '../connection/call.ts';
import { parseEndpoint } from '../connection/endpoint.ts';
import { FleetConnection, isDone } from '../connection/fleet-connection.ts';
import { followStream } from '../connection/reconnecting-stream.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import {
  type EnvironmentOptions,
  type ServerOptions,
  withEnvironment,
  withServer,
} from '../options/connection-options.ts';
import { targetRevisionOption } from '../options/revision.ts';
import { printJson, printJsonLine } from '../output/json-output.ts';
import { clientAtNode, lostNodesHint, rolloutLine } from '../output/rollout-text.ts';
import { reconnecting } from '../output/stream-notes.ts';
import { printTable } from '../output/table.ts';

/** Between two attempts to reach a server that went away. */
const RETRY_MS = 500;

interface ClientsOptions extends EnvironmentOptions {
  readonly all?: boolean;
}

interface WaitOptions extends ServerOptions {
  readonly rev?: Revision;
  readonly ignoreDeparted?: boolean;
}

export function nodesCommand(session: CliSession): Command {
  return withServer(new Command('nodes'))
    .description('the evaluators: how far each is, and how many clients it has')
    .action(
      session.action(async (options: ServerOptions) => {
        const answer = await withFleet(options, (fleet) =>
          fleet.call(fleet.client.listNodes, ListNodesRequest.fromPartial({})),
        );
        if (options.output === 'json') printJson(session.terminal, ListNodesResponse.toJSON(answer));
        else
          printTable(session.terminal, answer.nodes, [
            { title: 'NODE', value: ({ nodeId }) => nodeId },
            { title: 'STATE', value: stateWord },
            { title: 'REVISION', value: ({ applied }) => revisionWord(applied) },
            { title: 'LAG', value: ({ lag }) => String(lag) },
            { title: 'CLIENTS', value: ({ clients }) => String(clients) },
            { title: 'BEHIND', value: ({ clientsBehind }) => String(clientsBehind) },
            { title: 'VERSION', value: ({ version }) => version },
          ]);
      }),
    )
    .addCommand(forgetCommand(session));
}

function forgetCommand(session: CliSession): Command {
  return withServer(new Command('forget'))
    .description('stop to count the clients of a node that is lost')
    .argument('<node>', 'as nodes prints it')
    .action(
      session.action(async (nodeId: string, options: ServerOptions) => {
        await withFleet(options, (fleet) =>
          fleet.call(fleet.client.forgetNode, ForgetNodeRequest.fromPartial({ nodeId })),
        );
        session.terminal.note(`${nodeId} is forgotten until it reports again`);
      }),
    );
}

export function clientsCommand(session: CliSession): Command {
  return withEnvironment(new Command('clients'))
    .description('the clients of an environment: by SDK, and by name those that lag, refuse or left owing')
    .option('--all', 'of all environments')
    .action(
      session.action(async (options: ClientsOptions) => {
        const parent = options.all === true ? '' : environmentName(options.project, options.environment);
        const { environments, otherClients } = await withFleet(options, (fleet) =>
          fleet.call(fleet.client.listClients, ListClientsRequest.fromPartial({ parent })),
        );
        if (options.output === 'json')
          printJson(session.terminal, environments.map(EnvironmentClients.toJSON));
        else printClients(session, environments);
        if (otherClients > 0)
          session.terminal.note(
            `${otherClients} more of environments that no node had room to tell apart: some of these may be theirs`,
          );
      }),
    );
}

function printClients({ terminal }: CliSession, environments: readonly EnvironmentClients[]): void {
  printTable(terminal, environments, [
    { title: 'ENVIRONMENT', value: ({ environment }) => environment },
    { title: 'CLIENTS', value: ({ clients }) => String(clients) },
    { title: 'CURRENT', value: ({ current }) => String(current) },
    { title: 'ARRIVING', value: ({ arriving }) => String(arriving) },
    { title: 'BEHIND', value: ({ behind }) => String(behind) },
    { title: 'SILENT', value: ({ silent }) => String(silent) },
    { title: 'LEFT OWING', value: ({ departed }) => String(departed) },
    { title: 'SDKS', value: sdkWords },
    { title: 'ENGINES', value: engineWords },
  ]);
  if (environments.length === 0)
    terminal.note('no client holds a Sync stream there; what asks by Evaluate, Watch or OFREP holds none');
  const printNamed = (title: string, clients: readonly FleetClient[]): void => {
    for (const client of clients) terminal.print(`${title} ${clientAtNode(client)}`);
  };
  for (const { laggards, departedClients } of environments) {
    printNamed('lags at', laggards);
    printNamed('left', departedClients);
  }
}

export function waitCommand(session: CliSession): Command {
  return withServer(new Command('wait'))
    .description('wait until every client that was there has a revision in force')
    .addOption(targetRevisionOption())
    .option('--ignore-departed', 'do not wait for clients that left without confirming')
    .addHelpText(
      'after',
      `
Exit code 0: every client that was there when it was committed has it in force, and every live node. 6: not
within --timeout, or some left without confirming (they are listed).

Examples:
  $ flagstream wait --rev e1.42 --timeout 30
  $ flagstream wait --ignore-departed -o json`,
    )
    .action(session.action((options: WaitOptions) => waitFor(session, options)));
}

async function waitFor(session: CliSession, options: WaitOptions): Promise<ExitCode> {
  const isOver = (rollout: Rollout): boolean => isDone(rollout, options.ignoreDeparted === true);
  const last = await withFleet(options, (fleet) => lastRollout(fleet, options, isOver));
  if (options.output === 'json') printJson(session.terminal, Rollout.toJSON(last));
  else session.terminal.print(rolloutLine(last));
  if (isOver(last)) return EXIT.ok;
  const hint = lostNodesHint(last);
  if (hint !== undefined) session.terminal.note(hint);
  return EXIT.unavailable;
}

/**
 * The first one that is over, or the last one within the time; a server that goes away meanwhile may come back.
 * @throws FlagstreamError when none came
 */
async function lastRollout(
  fleet: FleetConnection,
  { rev, timeout }: WaitOptions,
  isOver: (rollout: Rollout) => boolean,
): Promise<Rollout> {
  const endMs = Date.now() + timeout * 1000;
  let last: Rollout | undefined;
  // The newest at first, for as long as it takes.
  let target = rev;
  for (;;) {
    const stream = fleet.watch(target);
    const timer = setTimeout(() => stream.cancel(), endMs - Date.now());
    try {
      for await (const { rollout } of stream as AsyncIterable<WatchRolloutResponse>) {
        if (rollout === undefined) continue;
        last = rollout;
        target = rollout.revision;
        if (isOver(rollout)) return rollout;
      }
    } catch (thrown) {
      const error = connectionError(thrown as ServiceError, fleet.endpoint);
      const mayHelp = error.retryable || error.reason === 'CANCELLED';
      if (!mayHelp || (last === undefined && Date.now() < endMs)) throw error;
    } finally {
      clearTimeout(timer);
      stream.cancel();
    }
    if (Date.now() >= endMs) {
      if (last !== undefined) return last;
      throw fail('TIMEOUT', `the ${fleet.endpoint.role} did not answer in time`);
    }
    await delay(RETRY_MS);
  }
}

/** `flagstream watch rollout`: a line each time that something moves, until it is ended. */
export function watchRollout(session: CliSession, options: RolloutOptions): Promise<never> {
  return withFleet(options, (fleet) => {
    const open = (): ReturnType<FleetConnection['watch']> =>
      options.rev === undefined ? fleet.follow() : fleet.watch(options.rev);
    return followStream(fleet.endpoint, open, {
      ...reconnecting(session.terminal),
      message: ({ rollout }) => {
        if (rollout === undefined) return;
        if (options.output === 'json') printJsonLine(session.terminal, Rollout.toJSON(rollout));
        else session.terminal.print(`${revisionWord(rollout.revision)} ${rolloutLine(rollout)}`);
      },
    });
  });
}

export interface RolloutOptions extends ServerOptions {
  readonly rev?: Revision;
}

async function withFleet<T>(options: ServerOptions, run: (fleet: FleetConnection) => Promise<T>): Promise<T> {
  const endpoint = parseEndpoint('control plane', options.server, options);
  const fleet = new FleetConnection(endpoint, options.timeout * 1000);
  try {
    return await run(fleet);
  } finally {
    fleet.close();
  }
}

function stateWord({ state, silentMs }: Node): string {
  return state === NodeState.LOST ? `lost, silent for ${Math.round(Number(silentMs) / 1000)} s` : 'live';
}

function revisionWord(revision: Revision | undefined): string {
  return revision === undefined ? '' : `e${revision.epoch}.${revision.revision}`;
}

function sdkWords({ sdks }: EnvironmentClients): string {
  return sdks.map(({ sdk, clients }) => `${sdk?.name} ${sdk?.version} (${clients})`).join(', ');
}

/** Beside clients that confirm: what flagd's providers in process evaluate with. */
function engineWords({ engines }: EnvironmentClients): string {
  return engines
    .map(
      ({ engine, clients, splitsDiffer }) => `${engine} (${clients}${splitsDiffer ? ', splits differ' : ''})`,
    )
    .join(', ');
}

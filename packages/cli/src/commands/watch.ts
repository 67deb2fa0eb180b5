/** `flagstream watch`: one line for each change, as it happens, until Ctrl-C. */
import { projectName, revisionNumber } from '@flagstream/protocol';
import { ChangeLogEntry, ListChangesRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  type EvaluationResult,
  WatchRequest,
  WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { LogServiceClient, WatchLogRequest } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Argument, Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { type AdminConnection, CHANNEL_OPTIONS } from '../connection/admin-connection.ts';
import { listChanges } from '../connection/admin-lists.ts';
import { followStream } from '../connection/reconnecting-stream.ts';
import {
  type EvaluationOptions,
  parseFlagKey,
  serverOption,
  withAdmin,
  withEvaluation,
  withEvaluator,
} from '../options/connection-options.ts';
import { contextOption, type EvaluationContext } from '../options/context-option.ts';
import { parseRevision, targetRevisionOption } from '../options/revision.ts';
import { changeEventLine } from '../output/change-text.ts';
import { reasonText, valueText } from '../output/evaluation-text.ts';
import { printJsonLine } from '../output/json-output.ts';
import { reconnecting } from '../output/stream-notes.ts';
import { UsageError } from '../usage-error.ts';
import { watchRollout } from './fleet.ts';

/** A change that reaches more flags is told by some of them; JSON names all. */
const KEYS_SHOWN = 10;

interface WatchOptions extends EvaluationOptions {
  readonly server: string;
  readonly context?: EvaluationContext;
  readonly flag: readonly string[];
  readonly since?: bigint;
  readonly rev?: Revision;
}

export function watchCommand(session: CliSession): Command {
  return withEvaluation(
    new Command('watch')
      .description('print a line for each change, until Ctrl-C')
      .addArgument(
        new Argument(
          '[what]',
          'flags: as an evaluator gets them; changes: who, what and why; rollout: who has a revision in force',
        )
          .choices(['flags', 'changes', 'rollout'])
          .default('flags'),
      )
      .addOption(contextOption())
      .option('--flag <key>', 'only this flag (repeatable)', collectKeys, [])
      .option('--since <revision>', 'changes after this revision first', parseRevision)
      .addOption(targetRevisionOption())
      .addOption(serverOption()),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream watch -e production
  $ flagstream watch flags -c '{"targetingKey":"u1"}' --flag new-checkout
  $ flagstream watch changes --since 40 -o json
  $ flagstream watch rollout --rev e1.42

With a context, flags prints what changes for that context. rollout goes on to each newer revision, but for
--rev. JSON output is one document per line.`,
    )
    .action(
      session.action((what: 'flags' | 'changes' | 'rollout', options: WatchOptions) => {
        if (what !== 'rollout' && options.rev !== undefined)
          throw new UsageError('--rev is of rollout', 'Write flagstream watch rollout --rev REVISION.');
        if (what === 'rollout') return watchRollout(session, options);
        if (what === 'flags' && options.since !== undefined)
          throw new UsageError('--since is of changes', 'Write flagstream watch changes --since REVISION.');
        if (what === 'changes' && options.context !== undefined)
          throw new UsageError('-c is of flags', 'Write flagstream watch flags -c CONTEXT.');
        return what === 'flags' ? watchFlags(session, options) : watchChanges(session, options);
      }),
    );
}

async function watchFlags(session: CliSession, options: WatchOptions): Promise<never> {
  const request = WatchRequest.fromPartial({
    flagKeys: [...options.flag],
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  const shown = new Map<string, string>();
  return withEvaluator(options, (evaluator) => {
    const greet = greetOnce(session, `flags of ${evaluator.place}`);
    return followStream(evaluator.endpoint, () => evaluator.watch(request), {
      ...reconnecting(session.terminal),
      message: ({ event, ...rest }) => {
        greet();
        if (event === undefined || event.$case === 'heartbeat') return;
        if (options.output === 'json')
          printJsonLine(session.terminal, WatchResponse.toJSON({ event, ...rest }));
        else printWatch(session, event, rest.revision, shown);
      },
    });
  });
}

/** `shown` is what was last printed of each flag: a new stream begins with all results again. */
function printWatch(
  { terminal }: CliSession,
  event: Exclude<NonNullable<WatchResponse['event']>, { $case: 'heartbeat' }>,
  revision: bigint,
  shown: Map<string, string>,
): void {
  const at = terminal.paint('dim', String(revision));
  if (event.$case === 'notice') {
    const { flagKeys } = event.value;
    const more = flagKeys.length - KEYS_SHOWN;
    const named = flagKeys.slice(0, KEYS_SHOWN).join(', ');
    terminal.print(`${at} changed: ${named}${more > 0 ? ` and ${more} more` : ''}`);
    return;
  }
  for (const result of event.value.results) {
    const text = resultText(result);
    if (shown.get(result.flagKey) !== text) terminal.print(`${at} ${text}`);
    shown.set(result.flagKey, text);
  }
  for (const key of event.value.removed) {
    terminal.print(`${at} ${key} removed`);
    shown.delete(key);
  }
}

function resultText({ flagKey, value, variant, reason }: EvaluationResult): string {
  return `${flagKey} = ${valueText(value)}${variant === '' ? '' : ` (${variant})`} ${reasonText(reason)}`;
}

/** The log says when there is something new, the change log says what it is. */
async function watchChanges(session: CliSession, options: WatchOptions): Promise<never> {
  return withAdmin(options, async (admin) => {
    const client = new LogServiceClient(admin.endpoint.address, admin.endpoint.channel, {
      ...CHANNEL_OPTIONS,
      ...admin.endpoint.calls,
    });
    let last = options.since ?? (await newestRevision(admin));
    let first = true;
    const greet = greetOnce(session, `changes of ${options.project}`);
    try {
      return await followStream(
        admin.endpoint,
        () => client.watchLog(WatchLogRequest.fromPartial({ after: { epoch: 0, revision: last } })),
        {
          ...reconnecting(session.terminal),
          message: async ({ event }) => {
            greet();
            if (event?.$case !== 'records' && !first) return;
            first = false;
            for (const entry of await changesAfter(admin, options, last)) {
              printChange(session, options, entry);
              last = entry.revision?.revision ?? last;
            }
          },
        },
      );
    } finally {
      client.close();
    }
  });
}

function printChange({ terminal }: CliSession, options: WatchOptions, entry: ChangeLogEntry): void {
  if (options.output === 'json') printJsonLine(terminal, ChangeLogEntry.toJSON(entry));
  else terminal.print(changeEventLine(entry));
}

/** Oldest first; of some flags when some were named. */
async function changesAfter(
  admin: AdminConnection,
  options: WatchOptions,
  afterRevision: bigint,
): Promise<readonly ChangeLogEntry[]> {
  const parent = projectName(options.project);
  const includeContent = options.output !== 'json';
  const entries = await listChanges(admin, { parent, afterRevision, includeContent });
  const wanted = new Set(options.flag);
  return entries
    .reverse()
    .filter(
      ({ diffs }) => wanted.size === 0 || diffs.some(({ name }) => wanted.has(name.split('/').at(-1) ?? '')),
    );
}

async function newestRevision(admin: AdminConnection): Promise<bigint> {
  const { revision } = await admin.call(
    admin.client.listChanges,
    ListChangesRequest.fromPartial({ pageSize: 1 }),
  );
  return BigInt(revisionNumber(revision?.revision ?? 0n));
}

/** Says that the stream stands: until something changes there is nothing else to see. */
function greetOnce({ terminal }: CliSession, what: string): () => void {
  let greeted = false;
  return () => {
    if (!greeted) terminal.note(`watching ${what}; Ctrl-C ends it`);
    greeted = true;
  };
}

function collectKeys(key: string, before: readonly string[]): readonly string[] {
  return [...before, parseFlagKey(key)];
}

/** `flag enable`, `flag disable` and `flag rollout`: edits of a flag in one environment. */
import { FlagstreamError, flagConfigName, flagName } from '@flagstream/protocol';
import {
  GetFlagConfigRequest,
  GetFlagRequest,
  type UpdateFlagConfigRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  Flag,
  FlagConfig,
  FlagKind,
  type Revision,
  Serve,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { AdminConnection } from '../connection/admin-connection.ts';
import { withFlagHint } from '../connection/flag-hint.ts';
import {
  type EnvironmentOptions,
  parseFlagKey,
  withAdmin,
  withEnvironment,
} from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withEtag, withWrite, writeFields } from '../options/write-options.ts';
import { configText, serveText } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { parsePercent, percentText, WHOLE_WEIGHT } from '../output/percent.ts';
import { editRollout, rolloutVariant, servedBy } from '../rollout/edit-rollout.ts';
import { movedUsers } from '../rollout/moved-users.ts';

/** As `at_revision` of a read. */
const NEWEST = 0n;

interface SwitchOptions extends EnvironmentOptions, WriteOptions {
  readonly etag?: string;
  readonly variant?: string;
}

interface RolloutOptions extends SwitchOptions {
  readonly rule?: string;
}

/** What an edit does to a configuration that was just read. */
interface ConfigEdit {
  readonly config: FlagConfig;
  readonly fields: readonly string[];
}

interface Edited {
  readonly before: FlagConfig;
  readonly after: FlagConfig;
  /** Undefined when nothing had to be changed. */
  readonly revision: Revision | undefined;
}

export function flagEnableCommand(session: CliSession): Command {
  const command = new Command('enable')
    .description('switch a flag on in one environment')
    .argument('<key>', 'flag', parseFlagKey)
    .option('--variant <key>', 'also serve this variant to everybody whom no rule matches');
  return withWrite(withEtag(withEnvironment(command))).action(
    session.action(async (key: string, options: SwitchOptions) => {
      const { after, revision } = await editConfig(key, options, (flag, config) =>
        enable(flag, config, options.variant),
      );
      show(session, options, after);
      noteWrite(session, options, `${key} is on in ${options.environment}: ${configText(after)}`, revision);
      if (after.fallthrough === undefined)
        session.terminal.note(
          `  it serves the caller's default to all whom no rule matches; --variant names another`,
        );
    }),
  );
}

export function flagDisableCommand(session: CliSession): Command {
  const command = new Command('disable')
    .description('switch a flag off in one environment: it serves its off variant')
    .argument('<key>', 'flag', parseFlagKey);
  return withWrite(withEtag(withEnvironment(command))).action(
    session.action(async (key: string, options: SwitchOptions) => {
      const { after, revision } = await editConfig(key, options, (_, config) => ({
        config: { ...config, enabled: false },
        fields: ['enabled'],
      }));
      show(session, options, after);
      noteWrite(session, options, `${key} is off in ${options.environment}`, revision);
    }),
  );
}

export function flagRolloutCommand(session: CliSession): Command {
  const command = new Command('rollout')
    .description('serve a variant to a share of the users; the fewest users move')
    .argument('<key>', 'flag', parseFlagKey)
    .argument('<share>', 'percentage of users who get the variant', parsePercent)
    .option('--variant <key>', 'variant to roll out; of a boolean flag the one with the value true')
    .option('--rule <id>', 'edit what this rule serves; without it, what all others get');
  return withWrite(withEtag(withEnvironment(command)))
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream flag rollout new-checkout 10% -e production
  $ flagstream flag rollout banner-colour 25% --variant green -e production -m "autumn campaign"
  $ flagstream flag rollout new-checkout 50% --rule beta-testers -e production --dry-run`,
    )
    .action(
      session.action(async (key: string, weight: number, options: RolloutOptions) => {
        const rollout = { variant: options.variant, weight, ruleId: options.rule };
        const { before, after, revision } = await editConfig(key, options, (flag, config) => ({
          config: editRollout(flag, config, rollout),
          fields: [options.rule === undefined ? 'fallthrough' : 'rules'],
        }));
        show(session, options, after);
        const moved = movedText(before, after, options.rule);
        const now = serveText(servedBy(after, options.rule));
        noteWrite(session, options, `${key} in ${options.environment}: ${now}${moved}`, revision);
        if (!after.enabled)
          session.terminal.note(
            `  the flag is off there: flagstream flag enable ${key} -e ${options.environment}`,
          );
      }),
    );
}

function enable(flag: Flag, config: FlagConfig, variant: string | undefined): ConfigEdit {
  const enabled = { ...config, enabled: true };
  // A boolean flag that was never told what to serve serves true: that is what switching on means.
  const mute = variant === undefined && config.fallthrough === undefined;
  if (variant === undefined && !(mute && flag.kind === FlagKind.BOOLEAN))
    return { config: enabled, fields: ['enabled'] };
  const value = rolloutVariant(flag, variant);
  return {
    config: { ...enabled, fallthrough: Serve.fromPartial({ outcome: { $case: 'variant', value } }) },
    fields: ['enabled', 'fallthrough'],
  };
}

/** Reads, edits and writes back; a second time where that can go better. */
async function editConfig(
  key: string,
  options: SwitchOptions,
  edit: (flag: Flag, config: FlagConfig) => ConfigEdit,
): Promise<Edited> {
  return withAdmin(options, (admin) =>
    withFlagHint(admin, options.project, key, async () => {
      try {
        return await editOnce(admin, key, options, edit, NEWEST);
      } catch (error) {
        const from = secondAttempt(error, options);
        if (from === undefined) throw error;
        return editOnce(admin, key, options, edit, from);
      }
    }),
  );
}

/**
 * The revision to start from once more, if any. Somebody else was in between: the newest, unless an etag was
 * named. The operation id was used: the one before that, so that a repeated command is the same request again.
 */
function secondAttempt(error: unknown, { etag, opId }: SwitchOptions): bigint | undefined {
  if (!(error instanceof FlagstreamError)) return undefined;
  if (error.reason === 'ETAG_MISMATCH' && etag === undefined) return NEWEST;
  const usedAt = error.metadata['revision'];
  if (error.reason !== 'OP_ID_REUSED' || opId === undefined || usedAt === undefined) return undefined;
  return BigInt(usedAt) - 1n;
}

async function editOnce(
  admin: AdminConnection,
  key: string,
  options: SwitchOptions,
  edit: (flag: Flag, config: FlagConfig) => ConfigEdit,
  atRevision: bigint,
): Promise<Edited> {
  const { project, environment } = options;
  const [flagAnswer, configAnswer] = await Promise.all([
    admin.call(
      admin.client.getFlag,
      GetFlagRequest.fromPartial({ name: flagName(project, key), atRevision }),
    ),
    admin.call(
      admin.client.getFlagConfig,
      GetFlagConfigRequest.fromPartial({ name: flagConfigName(project, environment, key), atRevision }),
    ),
  ]);
  const before = configAnswer.flagConfig ?? FlagConfig.fromPartial({});
  const { config, fields } = edit(flagAnswer.flag ?? Flag.fromPartial({}), before);
  const request: UpdateFlagConfigRequest = {
    flagConfig: { ...config, etag: options.etag ?? before.etag },
    updateMask: [...fields],
    ...writeFields(options),
  };
  const response = await admin.call(admin.client.updateFlagConfig, request);
  const after = response.flagConfig ?? config;
  return { before, after, revision: after.etag === before.etag ? undefined : response.revision };
}

function show(session: CliSession, options: SwitchOptions, config: FlagConfig): void {
  if (options.output === 'json') printJson(session.terminal, FlagConfig.toJSON(config));
}

/** How many users get another variant, where both sides say which they get. */
function movedText(before: FlagConfig, after: FlagConfig, rule: string | undefined): string {
  const moved = movedUsers(before, after, rule);
  return moved === undefined ? '' : `; ${percentText(Math.round(moved * WHOLE_WEIGHT))} of the users move`;
}

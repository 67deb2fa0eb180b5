/** `flag create`. */
import { projectName } from '@flagstream/protocol';
import { CreateFlagRequest, type CreateFlagResponse } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig, FlagKind, Lifecycle, Variant } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import {
  type EnvironmentOptions,
  parseFlagKey,
  withAdmin,
  withEnvironment,
} from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withWrite, writeFields } from '../options/write-options.ts';
import { KIND_NAMES, kindOfWord } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { rolloutVariant } from '../rollout/edit-rollout.ts';
import { UsageError } from '../usage-error.ts';

interface CreateOptions extends EnvironmentOptions, WriteOptions {
  readonly kind: string;
  readonly variant: readonly string[];
  readonly offVariant?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tag: readonly string[];
  readonly permanent?: boolean;
  readonly clientVisible?: boolean;
  readonly enable?: boolean;
  readonly serve?: string;
}

export function flagCreateCommand(session: CliSession): Command {
  const command = new Command('create')
    .description('create a flag; it is off until it is enabled')
    .argument('<key>', 'flag; never to be used again for another one', parseFlagKey)
    .addOption(new Option('--kind <kind>', 'kind of its values').choices(KIND_NAMES).default('boolean'))
    .option(
      '--variant <key=value>',
      'a variant and its value (repeatable); boolean flags have on and off',
      collect,
      [],
    )
    .option('--off-variant <key>', 'variant that is served while the flag is off')
    .option('--description <text>', 'what it is for')
    .option('--owner <name>', 'who answers for it')
    .option('--tag <tag>', 'a tag (repeatable)', collect, [])
    .option('--permanent', 'kept for operations, not removed after a rollout')
    .option('--client-visible', 'client-side keys may see its results')
    .option('--serve <variant>', 'variant that is served while the flag is on, in the environment')
    .option('--enable', 'switch it on in the environment');
  return withWrite(withEnvironment(command))
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream flag create new-checkout --description "One-page checkout"
  $ flagstream flag create banner-colour --kind string --variant red=#c00 --variant green=#0a0 --off-variant red
  $ flagstream flag create search-limits --kind object --variant 'small={"results":20}' --enable --serve small`,
    )
    .action(
      session.action(async (key: string, options: CreateOptions) => {
        const flag = flagOf(options);
        const config = configOf(flag, options);
        const request = CreateFlagRequest.fromPartial({
          parent: projectName(options.project),
          flagId: key,
          flag,
          configs: config === undefined ? {} : { [options.environment]: config },
          ...writeFields(options),
        });
        const response: CreateFlagResponse = await withAdmin(options, (admin) =>
          admin.call(admin.client.createFlag, request),
        );
        if (options.output === 'json' && response.flag !== undefined)
          printJson(session.terminal, Flag.toJSON(response.flag));
        noteWrite(session, options, `flag ${key} created in project ${options.project}`, response.revision);
      }),
    );
}

function flagOf(options: CreateOptions): Flag {
  const kind = kindOfWord(options.kind) ?? FlagKind.BOOLEAN;
  return Flag.fromPartial({
    kind,
    variants: options.variant.map((text) => parseVariant(text, kind)),
    offVariant: options.offVariant ?? '',
    description: options.description ?? '',
    owner: options.owner ?? '',
    tags: [...options.tag],
    lifecycle: options.permanent === true ? Lifecycle.PERMANENT : Lifecycle.TEMPORARY,
    clientVisible: options.clientVisible === true,
  });
}

function configOf(flag: Flag, options: CreateOptions): FlagConfig | undefined {
  if (options.serve === undefined && options.enable !== true) return undefined;
  // The server gives a boolean flag without variants its on and off.
  const variant = options.serve ?? (flag.variants.length === 0 ? 'on' : rolloutVariant(flag, undefined));
  return FlagConfig.fromPartial({
    enabled: options.enable === true,
    fallthrough: { outcome: { $case: 'variant', value: variant } },
  });
}

/** key=value; text as it is, everything else as JSON. */
export function parseVariant(text: string, kind: FlagKind): Variant {
  const at = text.indexOf('=');
  if (at < 1)
    throw new UsageError(
      `--variant ${text}: a variant is key=value`,
      'Write for example --variant red=#c00.',
    );
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  if (kind === FlagKind.STRING) return Variant.fromPartial({ key, value });
  try {
    return Variant.fromPartial({ key, value: JSON.parse(value) as unknown });
  } catch {
    throw new UsageError(
      `--variant ${key}: ${JSON.stringify(value)} is not JSON`,
      'Write true, 12.5 or {"results":20} as the value; in a shell in single quotes.',
    );
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

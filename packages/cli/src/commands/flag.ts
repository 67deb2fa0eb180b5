/** `flagstream flag`: the flags of a project. */
import { flagName } from '@flagstream/protocol';
import { ArchiveFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { withFlagHint } from '../connection/flag-hint.ts';
import { type ProjectOptions, parseFlagKey, withAdmin, withProject } from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withEtag, withWrite, writeFields } from '../options/write-options.ts';
import { printJson } from '../output/json-output.ts';
import { flagCreateCommand } from './flag-create.ts';
import { flagGetCommand, flagListCommand } from './flag-read.ts';
import { flagDisableCommand, flagEnableCommand, flagRolloutCommand } from './flag-switch.ts';

interface ArchiveOptions extends ProjectOptions, WriteOptions {
  readonly etag?: string;
}

export function flagCommand(session: CliSession): Command {
  return new Command('flag')
    .description('flags: list, create, switch, roll out, archive')
    .addCommand(flagListCommand(session))
    .addCommand(flagGetCommand(session))
    .addCommand(flagCreateCommand(session))
    .addCommand(flagEnableCommand(session))
    .addCommand(flagDisableCommand(session))
    .addCommand(flagRolloutCommand(session))
    .addCommand(flagArchiveCommand(session));
}

function flagArchiveCommand(session: CliSession): Command {
  const command = new Command('archive')
    .description('take a flag out of service; its history stays, its key is never used again')
    .argument('<key>', 'flag', parseFlagKey);
  return withWrite(withEtag(withProject(command))).action(
    session.action(async (key: string, options: ArchiveOptions) => {
      const request = ArchiveFlagRequest.fromPartial({
        name: flagName(options.project, key),
        etag: options.etag ?? '',
        ...writeFields(options),
      });
      const { flag, revision } = await withAdmin(options, (admin) =>
        withFlagHint(admin, options.project, key, () => admin.call(admin.client.archiveFlag, request)),
      );
      if (options.output === 'json' && flag !== undefined) printJson(session.terminal, Flag.toJSON(flag));
      noteWrite(session, options, `flag ${key} archived`, revision);
    }),
  );
}

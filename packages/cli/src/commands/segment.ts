/** `flagstream segment`: the named sets of subjects of a project. */
import { segmentName } from '@flagstream/protocol';
import { GetSegmentRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { listSegments } from '../connection/admin-lists.ts';
import { type ProjectOptions, parseKey, withAdmin, withProject } from '../options/connection-options.ts';
import { keyOfName } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { type Column, printTable } from '../output/table.ts';

export function segmentCommand(session: CliSession): Command {
  return new Command('segment')
    .description('segments: list, get')
    .addCommand(segmentListCommand(session))
    .addCommand(segmentGetCommand(session));
}

const COLUMNS: readonly Column<Segment>[] = [
  { title: 'KEY', value: ({ name }) => keyOfName(name) },
  { title: 'MEMBERS', value: ({ memberCount }) => String(memberCount) },
  { title: 'CONDITION', value: ({ condition }) => (condition === undefined ? 'no' : 'yes') },
  { title: 'TAGS', value: ({ tags }) => tags.join(',') },
  { title: 'DESCRIPTION', value: ({ description }) => description },
];

interface ListOptions extends ProjectOptions {
  readonly archived?: boolean;
}

function segmentListCommand(session: CliSession): Command {
  return withProject(new Command('list').description('list the segments of a project'))
    .option('--archived', 'archived segments too')
    .action(
      session.action(async (options: ListOptions) => {
        const segments = await withAdmin(options, (admin) =>
          listSegments(admin, options.project, options.archived === true),
        );
        if (options.output === 'json') printJson(session.terminal, segments.map(Segment.toJSON));
        else printTable(session.terminal, segments, COLUMNS);
      }),
    );
}

function segmentGetCommand(session: CliSession): Command {
  const command = new Command('get')
    .description('show one segment; its members one per line')
    .argument('<key>', 'segment', parseKey);
  return withProject(command).action(
    session.action(async (key: string, options: ProjectOptions) => {
      const request = GetSegmentRequest.fromPartial({ name: segmentName(options.project, key) });
      const { segment } = await withAdmin(options, (admin) => admin.call(admin.client.getSegment, request));
      if (segment === undefined) return;
      if (options.output === 'json') printJson(session.terminal, Segment.toJSON(segment));
      else printSegment(session, segment);
    }),
  );
}

function printSegment({ terminal }: CliSession, segment: Segment): void {
  const rows: (readonly [string, string])[] = [
    ...segment.included.map((member) => ['included', member] as const),
    ...segment.excluded.map((member) => ['excluded', member] as const),
    ...segment.parts.map(
      (part) => [part.excluded ? 'excluded' : 'included', `and ${part.members} more`] as const,
    ),
  ];
  if (segment.condition !== undefined)
    rows.push(['condition', JSON.stringify((Segment.toJSON(segment) as { condition: unknown }).condition)]);
  printTable(terminal, rows, [
    { title: keyOfName(segment.name).toUpperCase(), value: ([side]) => side },
    { title: segment.attribute === '' ? 'TARGETING KEY' : segment.attribute, value: ([, member]) => member },
  ]);
}

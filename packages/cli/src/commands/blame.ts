/** `flagstream blame`: which changes altered what a flag answers. */
import { environmentName } from '@flagstream/protocol';
import { AnswerChange, type PastPlace } from '@flagstream/protocol/gen/flagstream/v1/history';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import {
  type EnvironmentOptions,
  parseFlagKey,
  withEnvironment,
  withHistory,
} from '../options/connection-options.ts';
import { contextOption, type EvaluationContext } from '../options/context-option.ts';
import { PAST_PLACE_FORM, parsePastPlace } from '../options/past-place.ts';
import {
  type MinRevisionOptions,
  minRevisionOf,
  minRevisionOption,
  parseCount,
} from '../options/revision.ts';
import { ANSWER_CHANGE_COLUMNS } from '../output/answer-change-text.ts';
import { printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';

interface BlameOptions extends EnvironmentOptions, MinRevisionOptions {
  readonly context?: EvaluationContext;
  readonly from?: PastPlace;
  readonly to?: PastPlace;
  readonly limit: number;
}

export function blameCommand(session: CliSession): Command {
  const place = (text: string): PastPlace => parsePastPlace(text, Date.now());
  return withEnvironment(
    new Command('blame')
      .description('show which changes altered what a flag answers for a context, newest first')
      .argument('<key>', 'flag', parseFlagKey)
      .addOption(contextOption())
      .addOption(new Option('--from <place>', 'only changes after this place').argParser(place))
      .addOption(new Option('--to <place>', 'only changes up to this place').argParser(place))
      .addOption(new Option('--limit <count>', 'at most this many').default(50).argParser(parseCount))
      .addOption(minRevisionOption()),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream blame new-checkout -c '{"targetingKey":"u1"}' -e production
  $ flagstream blame new-checkout -c '{"targetingKey":"u1"}' --from "2 hours ago" -o json

A place is ${PAST_PLACE_FORM}.
Only changes are listed: an answer that a schedule alters by itself has no author.`,
    )
    .action(
      session.action(async (key: string, options: BlameOptions) => {
        const query = {
          parent: environmentName(options.project, options.environment),
          flagKey: key,
          context: options.context ?? {},
          ...(options.from && { from: options.from }),
          ...(options.to && { to: options.to }),
          ...minRevisionOf(options),
          allowStale: false,
        };
        const changes = await withHistory(options, (history) => history.answerChanges(query, options.limit));
        if (options.output === 'json') printJson(session.terminal, changes.map(AnswerChange.toJSON));
        else printTable(session.terminal, changes, ANSWER_CHANGE_COLUMNS);
      }),
    );
}

/** Flags of `eval` that ask a file in place of a server. */
import { parseInstant } from '@flagstream/engine';
import type { FractionalVersion } from '@flagstream/importers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMATS, FRACTIONAL_VERSIONS } from '../offline/load-flags.ts';
import { UsageError } from '../usage-error.ts';

export interface FlagsFileOptions {
  readonly file?: string;
  readonly format?: string;
  readonly fractional?: FractionalVersion;
  readonly batch?: boolean;
  /** Unix ms. */
  readonly now?: number;
}

const NEED_FILE = ['batch', 'format', 'fractional', 'now'] as const;

export function withFlagsFile(command: Command): Command {
  return command
    .option('--file <path>', 'ask the flags of this file; no server is needed')
    .addOption(new Option('--format <name>', 'format of the file; flagstream if not given').choices(FORMATS))
    .addOption(
      new Option(
        '--fractional <version>',
        'how "fractional" of a flagd file places users; v2 if not given',
      ).choices(FRACTIONAL_VERSIONS),
    )
    .option('--batch', 'answer the JSON lines on stdin, one line each')
    .addOption(new Option('--now <instant>', 'ask as of this instant, in RFC 3339').argParser(parseNow));
}

/** @throws UsageError for a flag that needs --file, where there is none */
export function requireNoFileOptions(options: FlagsFileOptions): void {
  const stray = NEED_FILE.find((name) => options[name] !== undefined);
  if (stray !== undefined)
    throw new UsageError(`--${stray} needs --file`, 'Name the file with the flags: --file FLAGS.');
}

function parseNow(text: string): number {
  const nowMs = parseInstant(text);
  if (nowMs === undefined) throw new InvalidArgumentError('Write an instant such as 2026-12-24T18:00:00Z.');
  return nowMs;
}

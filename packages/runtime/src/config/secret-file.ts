/** Secrets that are given as files: how one is read at the start, and again when it was replaced. */
import { statSync } from 'node:fs';
import { messageOf } from '@flagstream/protocol';
import { ConfigError } from './config-error.ts';
import type { ReadText } from './config-sources.ts';
import { settingPlace } from './setting.ts';

const ONE_LINE = /^\P{Cc}+$/u;

/** Without the line end of an editor. */
export function secretIn(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** A file that can be read again: a pipe gives its text once. */
export function isLastingFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Reads it again while the process runs.
 * @param key of the setting: "nats.password"
 * @throws ConfigError naming setting and file, and nothing of what it holds
 */
export function readSecretAgain(key: string, file: string, read: ReadText): string {
  const refuse = (problem: string): ConfigError =>
    new ConfigError([{ where: settingPlace(key), message: `${file} ${problem}` }]);
  let secret: string;
  try {
    secret = secretIn(read(file));
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  // A file that is being replaced may be empty for a moment.
  if (!ONE_LINE.test(secret)) throw refuse('holds no secret of one line');
  return secret;
}

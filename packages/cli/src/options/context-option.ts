/** `-c`: the evaluation context, as JSON, from a file (@FILE) or from stdin (@-). */

import { readFileSync } from 'node:fs';
import { messageOf } from '@flagstream/protocol';
import { Option } from 'commander';
import { UsageError } from '../usage-error.ts';

export type EvaluationContext = Readonly<Record<string, unknown>>;

const STDIN_FD = 0;

export function contextOption(): Option {
  return new Option(
    '-c, --context <json>',
    `evaluation context as one JSON object, for example '{"targetingKey":"u1"}'; @FILE reads it, @- from stdin`,
  ).argParser(parseContext);
}

function parseContext(text: string): EvaluationContext {
  const json = text.startsWith('@') ? readSource(text.slice(1)) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(
      `-c is not JSON: ${messageOf(error)}`,
      `Write one JSON object in single quotes: -c '{"targetingKey":"u1"}'.`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError('-c is not a JSON object', `Write -c '{"targetingKey":"u1"}'.`);
  return value as EvaluationContext;
}

function readSource(source: string): string {
  try {
    return readFileSync(source === '-' ? STDIN_FD : source, 'utf8');
  } catch (error) {
    throw new UsageError(
      `-c @${source} cannot be read: ${messageOf(error)}`,
      'Name a file that holds the context.',
    );
  }
}

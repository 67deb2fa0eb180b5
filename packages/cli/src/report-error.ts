/** Errors for people: what happened, in which field, what to do next. On stderr. */
import { FlagstreamError, messageOf } from '@flagstream/protocol';
import { status as grpcStatus } from '@grpc/grpc-js';
import { COMMAND_HINTS } from './command-hints.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** More than these would push the first ones off the screen. */
const FIELDS_SHOWN = 20;

export function reportError(terminal: Terminal, error: unknown): void {
  const line = (label: string, text: string): void =>
    terminal.note(`  ${terminal.paintNote('dim', label.padEnd(6))} ${text}`);
  const headline = (text: string): void =>
    terminal.note(`${terminal.paintNote(['bold', 'red'], 'error:')} ${text}`);

  if (error instanceof FlagstreamError) {
    headline(firstLine(error));
    line('code', `${grpcStatus[error.status]} ${error.reason}`);
    for (const { field, description } of error.fields.slice(0, FIELDS_SHOWN))
      if (!error.message.includes(description)) line('field', `${field}: ${description}`);
      else if (!error.message.includes(field)) line('field', field);
    const more = error.fields.length - FIELDS_SHOWN;
    if (more > 0) line('field', `and ${more} more`);
    line('next', nextStep(error));
  } else if (error instanceof UsageError) {
    headline(error.message);
    line('next', error.next);
  } else {
    headline(messageOf(error));
    if (error instanceof Error && error.stack !== undefined)
      terminal.note(terminal.paintNote('dim', error.stack.split('\n').slice(1).join('\n')));
    line('next', 'This is a defect: please report it with the lines above.');
  }
}

/** What is said of this very case, then the command that helps, then the catalogue. Servers send the catalogue's too. */
export function nextStep({ reason, metadata, next }: FlagstreamError): string {
  const special = metadata['next'] === next ? undefined : metadata['next'];
  return special ?? COMMAND_HINTS[reason] ?? next;
}

function firstLine(error: FlagstreamError): string {
  return error.message === '' ? error.reason : error.message;
}

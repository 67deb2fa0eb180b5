/** The log, its file and its shipping in few words. */

import type { LogFigures } from '@flagstream/control-plane';
import { unixMsOf } from '@flagstream/protocol';
import {
  type GetLogStatusResponse,
  LogIntegrity_State,
} from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import type { Timestamp } from '@flagstream/protocol/gen/google/protobuf/timestamp';
import type { Terminal } from '../terminal.ts';
import { printTable } from './table.ts';

interface Fact {
  readonly name: string;
  readonly value: string;
}

export function printFigures(terminal: Terminal, figures: LogFigures): void {
  printFacts(terminal, [
    { name: 'head', value: `e${figures.epoch}.${figures.revision}` },
    { name: 'hash', value: figures.hash },
    { name: 'state digest', value: figures.stateDigest },
    { name: 'epochs', value: String(figures.epochs) },
    { name: 'changes', value: String(figures.changes) },
    { name: 'bytes', value: String(figures.bytes) },
    { name: 'entities', value: String(figures.entities) },
    { name: 'tombstones', value: String(figures.tombstones) },
  ]);
}

const INTEGRITY: Readonly<Record<LogIntegrity_State, string>> = {
  [LogIntegrity_State.UNSPECIFIED]: '',
  [LogIntegrity_State.OFF]: 'not checked: switched off',
  [LogIntegrity_State.PENDING]: 'not checked yet',
  [LogIntegrity_State.SOUND]: 'sound',
  [LogIntegrity_State.CORRUPT]: 'DAMAGED',
  [LogIntegrity_State.UNKNOWN]: 'could not be checked',
};

export function printStatus(terminal: Terminal, status: GetLogStatusResponse): void {
  const { head, lineage, shipping, integrity, backups } = status;
  const epochs = lineage.map(
    ({ epoch, baseRevision, reason }) => `e${epoch} after ${baseRevision} (${reason})`,
  );
  const none = backups?.directory === '' ? 'none are made' : `none yet in ${backups?.directory ?? ''}`;
  printFacts(terminal, [
    { name: 'head', value: `e${head?.epoch ?? 0}.${head?.revision ?? 0}` },
    { name: 'epochs', value: epochs.join(', ') },
    { name: 'writes', value: status.writesRefused === '' ? 'taken' : `refused: ${status.writesRefused}` },
    ...(status.restored
      ? [{ name: 'restored', value: 'from a backup, not compared with the stream yet' }]
      : []),
    { name: 'shipping', value: shippingText(shipping) },
    {
      name: 'integrity',
      value: joined(
        INTEGRITY[integrity?.state ?? LogIntegrity_State.UNSPECIFIED],
        integrity?.detail ?? '',
        timeText(integrity?.checkTime),
      ),
    },
    {
      name: 'last backup',
      value: joined(
        backups?.lastTime === undefined ? none : timeText(backups.lastTime),
        backups?.lastPath ?? '',
        backups?.lastFailure === undefined || backups.lastFailure === ''
          ? ''
          : `the newest attempt failed: ${backups.lastFailure}`,
      ),
    },
  ]);
}

function shippingText(shipping: GetLogStatusResponse['shipping']): string {
  if (shipping === undefined || shipping.phase === 'off') return 'off';
  const since = timeText(shipping.oldestUnshippedTime);
  return joined(shipping.phase, `${shipping.unshipped} unshipped`, since === '' ? '' : `since ${since}`);
}

function printFacts(terminal: Terminal, facts: readonly Fact[]): void {
  printTable(terminal, facts, [
    { title: 'WHAT', value: ({ name }) => name },
    { title: 'VALUE', value: ({ value }) => value },
  ]);
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

function timeText(time: Timestamp | undefined): string {
  return time === undefined ? '' : new Date(unixMsOf(time)).toISOString();
}

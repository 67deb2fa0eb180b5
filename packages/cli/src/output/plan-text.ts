/** Changes as + ~ - lines with the fields that differ, and their sum. */
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Style, Terminal } from '../terminal.ts';

export interface ChangeLine {
  readonly action: ChangeAction;
  readonly label: string;
  readonly fields: readonly string[];
}

const MARKS: Readonly<Record<ChangeAction, { readonly mark: string; readonly style: Style }>> = {
  [ChangeAction.UNSPECIFIED]: { mark: ' ', style: 'dim' },
  [ChangeAction.CREATE]: { mark: '+', style: 'green' },
  [ChangeAction.UPDATE]: { mark: '~', style: 'yellow' },
  [ChangeAction.ARCHIVE]: { mark: '-', style: 'red' },
  [ChangeAction.NONE]: { mark: ' ', style: 'dim' },
};

/** A change of more fields than this is seen better in the file. */
const FIELDS_SHOWN = 6;

export function changeLine(terminal: Terminal, { action, label, fields }: ChangeLine): string {
  const { mark, style } = MARKS[action];
  return `${terminal.paint(style, mark)} ${label}${fieldsText(fields)}`;
}

/** "2 to create, 1 to update, 0 to archive" */
export function summaryText(changes: readonly Pick<ChangeLine, 'action'>[]): string {
  const count = (action: ChangeAction): number => changes.filter((change) => change.action === action).length;
  return `${count(ChangeAction.CREATE)} to create, ${count(ChangeAction.UPDATE)} to update, ${count(ChangeAction.ARCHIVE)} to archive`;
}

function fieldsText(fields: readonly string[]): string {
  const named = fields.filter((field) => field !== '');
  if (named.length === 0) return '';
  const more = named.length - FIELDS_SHOWN;
  return `: ${named.slice(0, FIELDS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

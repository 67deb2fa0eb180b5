/** Changes as + ~ - lines with the fields that differ, and their sum. */
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Style, Terminal } from '../terminal.ts';
import { type Contents, fieldText } from './field-text.ts';

export interface ChangeLine extends Contents {
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

export function changeLine(terminal: Terminal, change: ChangeLine): string {
  const { mark, style } = MARKS[change.action];
  return `${terminal.paint(style, mark)} ${change.label}${fieldsText(change)}`;
}

/** "2 to create, 1 to update, 0 to archive" */
export function summaryText(changes: readonly Pick<ChangeLine, 'action'>[]): string {
  const count = (action: ChangeAction): number => changes.filter((change) => change.action === action).length;
  return `${count(ChangeAction.CREATE)} to create, ${count(ChangeAction.UPDATE)} to update, ${count(ChangeAction.ARCHIVE)} to archive`;
}

function fieldsText({ action, fields, ...contents }: ChangeLine): string {
  const named = fields
    .filter((field) => field !== '')
    .map((field) => (action === ChangeAction.UPDATE ? fieldText(field, contents) : field));
  if (named.length === 0) return '';
  const more = named.length - FIELDS_SHOWN;
  return `: ${named.slice(0, FIELDS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

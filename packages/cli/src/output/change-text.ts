/** Entries of the change log as rows: when, who, what, why. */
import type { ChangeLogEntry, EntityDiff } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Timestamp } from '@flagstream/protocol/gen/google/protobuf/timestamp';
import type { Terminal } from '../terminal.ts';
import { type Contents, fieldText } from './field-text.ts';
import { changeLine } from './plan-text.ts';
import { resourceLabel } from './resource-label.ts';
import { type Column, oneLine } from './table.ts';

const VERBS: readonly string[] = ['changed', 'created', 'updated', 'archived', 'left'];
/** A change of more entities is told by their number. */
const ENTITIES_NAMED = 3;
/** Deeper differences are told by the place that holds them. */
const PLACE_DEPTH = 2;

export const CHANGE_COLUMNS: readonly Column<ChangeLogEntry>[] = [
  { title: 'REVISION', value: ({ revision }) => String(revision?.revision ?? '') },
  { title: 'TIME', value: ({ time }) => timeText(time) },
  { title: 'WHO', value: ({ actor }) => actor?.id ?? '' },
  { title: 'WHAT', value: ({ diffs }) => whatText(diffs) },
  { title: 'WHY', value: ({ comment }) => comment },
];

/** "42 2026-11-25T12:00:00Z alice updated flag new-checkout in production: fallthrough (autumn)" */
export function changeEventLine(entry: ChangeLogEntry): string {
  const cells = CHANGE_COLUMNS.slice(0, -1).map(({ value }) => oneLine(value(entry)));
  const why = entry.comment === '' ? '' : ` (${oneLine(entry.comment)})`;
  return `${cells.join(' ')}${why}`;
}

/** One line for each entity that differs. */
export function diffLines(terminal: Terminal, diffs: readonly EntityDiff[]): string[] {
  return diffs.map(({ name, action, fields, before, after }) =>
    changeLine(terminal, { action, label: resourceLabel(name), fields, before, after }),
  );
}

export function whatText(diffs: readonly EntityDiff[]): string {
  if (diffs.length > ENTITIES_NAMED) return `changed ${diffs.length} entities`;
  return diffs
    .map(({ name, action, fields, before, after }) => {
      const places = fieldPlaces(fields, { before, after });
      const which = places.length === 0 ? '' : `: ${places.join(', ')}`;
      return `${VERBS[action]} ${resourceLabel(name)}${which}`;
    })
    .join('; ');
}

/**
 * Where in the entity: "enabled true → false", and "fallthrough.split" for all of
 * its entries' weights and ranges.
 */
function fieldPlaces(fields: readonly string[], contents: Contents): readonly string[] {
  const places = fields
    .filter((field) => field !== '')
    .map((field) => {
      const place = field.split('.').slice(0, PLACE_DEPTH).join('.');
      return place === field ? fieldText(field, contents) : place;
    });
  return [...new Set(places)].slice(0, ENTITIES_NAMED);
}

/** RFC 3339 in UTC, to the second. */
export function timeText(time: Timestamp | undefined): string {
  if (time === undefined) return '';
  return new Date(Number(time.seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A flag set as text: YAML for people, JSON for programs. Written twice, it is the same. */
import { FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';
import { stringify } from 'yaml';
import { type FlagSet, toDocument } from './flag-set.ts';

export type DocumentFormat = 'yaml' | 'json';

const LINE_WIDTH = 110;

/** Ends with a line feed. Words such as "on" are quoted: older YAML takes them for true. */
export function writeDocument(set: FlagSet, project: string, format: DocumentFormat): string {
  const json = FlagDocument.toJSON(toDocument(set, project));
  return format === 'json'
    ? `${JSON.stringify(json, null, 2)}\n`
    : stringify(json, { lineWidth: LINE_WIDTH, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}

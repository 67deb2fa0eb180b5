/** What is wrong with a setting's value, in this program's words: the schema library says "Too small: expected number to be >=1". */
import type * as z from 'zod';

type RawIssue = z.core.$ZodRawIssue;

/** Undefined: the library's own words, or those that the schema gives. */
export function issueText(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'too_small':
      return bound(issue.origin, Number(issue.minimum), 'more');
    case 'too_big':
      return bound(issue.origin, Number(issue.maximum), 'less');
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return WANTED[issue.expected] === undefined ? undefined : `must be ${WANTED[issue.expected]}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
    default:
      return undefined;
  }
}

const WANTED: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
};

function bound(origin: string, limit: number, side: 'more' | 'less'): string | undefined {
  switch (origin) {
    case 'number':
    case 'int':
      return `must be ${limit} or ${side}`;
    case 'string':
      return limit === 1 && side === 'more'
        ? 'must not be empty'
        : `must have ${limit} characters or ${side}`;
    case 'array':
      return `must have ${limit} entries or ${side}`;
    default:
      return undefined;
  }
}

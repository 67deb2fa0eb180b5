import { fail } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { memoryTerminal } from './memory-terminal.fixture.ts';
import { reportError } from './report-error.ts';
import { UsageError } from './usage-error.ts';

function reported(error: unknown): string {
  const { terminal, stderr, stdout } = memoryTerminal();
  reportError(terminal, error);
  expect(stdout()).toBe('');
  return stderr();
}

describe('reportError', () => {
  it('says code, reason, field and next step', () => {
    const fields = [
      { field: 'flag.variants[0].value', description: 'must be true or false' },
      { field: 'flag.kind', description: 'is missing' },
    ];
    expect(reported(fail('INVALID_DEFINITION', 'the flag does not compile', { fields }))).toBe(
      `error: the flag does not compile
  code   INVALID_ARGUMENT INVALID_DEFINITION
  field  flag.variants[0].value: must be true or false
  field  flag.kind: is missing
  next   Correct the named fields; nothing was written.
`,
    );
  });

  it('does not repeat what the message says', () => {
    const fields = [{ field: 'comment', description: 'is required' }];
    expect(reported(fail('INVALID_FIELD', 'comment: is required', { fields }))).not.toContain('field ');
  });

  it('prefers the next step of this case', () => {
    expect(reported(fail('FLAG_NOT_FOUND', 'no x', { metadata: { next: 'Did you mean y?' } }))).toContain(
      'Did you mean y?',
    );
    const fromServer = { metadata: { next: 'List the flags of the project.' } };
    expect(reported(fail('FLAG_NOT_FOUND', 'no x', fromServer))).toContain('next   flagstream flag list ');
    expect(reported(new UsageError('what', 'Do that.'))).toBe('error: what\n  next   Do that.\n');
  });

  it('asks for a report of what should not happen', () => {
    expect(reported(new TypeError('x is undefined'))).toMatch(
      /^error: x is undefined\n\s+at .*This is a defect/s,
    );
  });
});

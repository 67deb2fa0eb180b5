import { ErrorCode, NatsError } from 'nats';
import { describe, expect, it } from 'vitest';
import { appendFailure } from './append-outcome.ts';

function answered(errCode: number, description: string, code = 400): NatsError {
  const error = new NatsError(description, String(code));
  error.api_error = { code, err_code: errCode, description };
  return error;
}

describe('appendFailure', () => {
  it('reads a lost compare-and-set', () => {
    expect(appendFailure(answered(10071, 'wrong last sequence: 42'))).toEqual({
      kind: 'conflict',
      lastSeq: 42,
    });
    expect(appendFailure(answered(10164, 'wrong last sequence'))).toEqual({
      kind: 'conflict',
      lastSeq: undefined,
    });
  });

  it.each([
    [10060, 'expected stream does not match'],
    [10054, 'message size exceeds maximum allowed'],
    [10077, 'maximum bytes exceeded'],
    [10023, 'insufficient resources'],
    [10109, 'invalid operation on sealed stream'],
  ])('takes %i for a definite no', (code, description) => {
    expect(appendFailure(answered(code, description, 503))).toEqual({
      kind: 'refused',
      detail: `${description} (${code})`,
    });
  });

  it('takes what never left for a definite no', () => {
    for (const code of [ErrorCode.MaxPayloadExceeded, ErrorCode.PermissionsViolation]) {
      expect(appendFailure(new NatsError('no', code))).toEqual({ kind: 'refused', detail: 'no' });
    }
  });

  it('takes everything else for unknown', () => {
    for (const error of [
      NatsError.errorForCode(ErrorCode.Timeout),
      NatsError.errorForCode(ErrorCode.NoResponders),
      NatsError.errorForCode(ErrorCode.ConnectionClosed),
      answered(10008, 'jetstream system temporarily unavailable', 503),
      new TypeError('odd'),
      'odd',
    ]) {
      expect(appendFailure(error).kind).toBe('unknown');
    }
  });
});

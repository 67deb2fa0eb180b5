import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, type ErrorReason, fail, invalidField } from './errors.ts';
import { ErrorInfo } from './gen/google/rpc/error_details.ts';
import { Status } from './gen/google/rpc/status.ts';
import { fromServiceError, toServiceError } from './service-error.ts';

describe('the error catalogue', () => {
  it.each(Object.keys(ERROR_CATALOGUE) as ErrorReason[])('%s crosses the wire unchanged', (reason) => {
    const sent = fail(reason, `what happened: ${reason}`, {
      metadata: { name: 'projects/p/flags/f' },
      retryAfterMs: 1500,
    });
    const received = fromServiceError(toServiceError(sent));
    expect(received).toMatchObject({
      reason,
      status: sent.status,
      retryable: sent.retryable,
      next: sent.next,
      message: sent.message,
      retryAfterMs: 1500,
    });
    expect(received.metadata).toMatchObject({ name: 'projects/p/flags/f' });
  });

  it('has reasons of at most 63 characters, in UPPER_SNAKE (AIP-193), each with a next step', () => {
    for (const [reason, { next }] of Object.entries(ERROR_CATALOGUE)) {
      expect(reason).toMatch(/^[A-Z][A-Z0-9_]{1,62}$/);
      expect(next.length).toBeGreaterThan(10);
    }
  });

  it('carries exactly one ErrorInfo', () => {
    const raw = toServiceError(fail('FLAG_NOT_FOUND', 'flag "x" not found')).metadata.get(
      'grpc-status-details-bin',
    )[0];
    const { details, code } = Status.decode(raw as Buffer);
    expect(code).toBe(status.NOT_FOUND);
    const infos = details.filter(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.ErrorInfo');
    expect(infos.map(({ value }) => ErrorInfo.decode(value).reason)).toEqual(['FLAG_NOT_FOUND']);
  });

  it('names the field of a violation', () => {
    const received = fromServiceError(toServiceError(invalidField('flag.kind', 'must be given')));
    expect(received.fields).toEqual([{ field: 'flag.kind', description: 'must be given', reason: '' }]);
  });

  it('keeps the trailer small, however many fields are wrong', () => {
    const fields = Array.from({ length: 5000 }, (_, i) => ({ field: `f[${i}]`, description: 'is wrong' }));
    const sent = toServiceError(fail('INVALID_DEFINITION', 'many', { fields }));
    expect((sent.metadata.get('grpc-status-details-bin')[0] as Buffer).length).toBeLessThan(4096);
    expect(fromServiceError(sent).fields[0]).toMatchObject({ field: 'f[0]' });
  });

  it('cuts what a caller sent, however long it is: a trailer that no peer takes is no answer', () => {
    const long = 'ä'.repeat(1_000_000);
    const fields = Array.from({ length: 20 }, () => ({ field: long, description: long }));
    for (const reason of ['INVALID_FIELD', 'FLAG_NOT_FOUND', 'ETAG_MISMATCH'] as const) {
      const sent = toServiceError(fail(reason, long, { fields, metadata: { name: long } }));
      expect((sent.metadata.get('grpc-status-details-bin')[0] as Buffer).length).toBeLessThan(4_097);
      expect(fromServiceError(sent).reason).toBe(reason);
    }
  });

  it('says nothing of what nobody foresaw', () => {
    const sent = toServiceError(new TypeError('secret internals'));
    expect(sent).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  });

  it('reads servers that send no details, or broken ones, by their status', () => {
    const bare = (metadata: Metadata): ServiceError =>
      Object.assign(new Error('x'), { code: status.UNAVAILABLE, details: 'gone', metadata });
    expect(fromServiceError(bare(new Metadata()))).toMatchObject({ reason: 'UNREACHABLE', message: 'gone' });
    const broken = new Metadata();
    broken.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    expect(fromServiceError(bare(broken)).reason).toBe('UNREACHABLE');
  });
});

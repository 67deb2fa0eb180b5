import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { writeCertificate } from '../../../../test/support/certificates.ts';
import { until } from '../../../../test/support/until.ts';
import { TestTls } from './tls.fixture.ts';

const NOT_AFTER = Date.UTC(2051, 1, 3, 4, 5, 6);

const messages = ({ logs }: TestTls, level: string): unknown[] =>
  logs.filter((line) => line['level'] === level).map(({ msg }) => msg);

describe('ServerIdentity', () => {
  it('finds by itself that the files have changed', async () => {
    const tls = new TestTls({ lookMs: 5 });
    expect(tls.identity.context).toMatchObject({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
    const before = tls.identity.context.cert;
    tls.renew('second');
    await until(() => tls.identity.context.cert !== before, { what: 'the new certificate' });
  });

  it('reads them on SIGHUP, until it is closed', () => {
    const hangup = new EventEmitter();
    const tls = new TestTls({ hangup });
    const before = tls.identity.context.cert;
    tls.renew('second');
    hangup.emit('SIGHUP');
    expect(tls.identity.context.cert).not.toBe(before);
    tls.identity.close();
    expect(hangup.listenerCount('SIGHUP')).toBe(0);
  });

  it('keeps the old pair when the new one does not fit, and says so once', async () => {
    const tls = new TestTls();
    const before = tls.identity.context;
    tls.breakKey();
    for (let look = 0; look < 3; look++) tls.identity.reload('change');
    expect(tls.identity.context).toEqual(before);
    expect(messages(tls, 'error')).toEqual(['new certificates do not fit: the old ones stay in force']);
    expect(await tls.metric('tls_reload_failures_total')).toBe(1);
    // Whoever asks by hand gets an answer each time.
    tls.identity.reload('SIGHUP');
    expect(await tls.metric('tls_reload_failures_total')).toBe(2);
  });

  it('tells until when the certificate is good, and that one has expired', async () => {
    const tls = new TestTls();
    writeCertificate(tls.folder, 'first', tls.authority.issue('late', { notAfter: NOT_AFTER }));
    tls.identity.reload('change');
    expect(await tls.metric('tls_certificate_not_after_timestamp_seconds')).toBe(NOT_AFTER / 1000);
    expect(messages(tls, 'warn')).toEqual([]);
    writeCertificate(tls.folder, 'first', tls.authority.issue('old', { notAfter: Date.UTC(2001, 0, 1) }));
    tls.identity.reload('change');
    expect(messages(tls, 'warn')).toEqual([
      'the certificate of the listeners has expired: clients refuse it',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { createLogger, effectiveFormat, type LogFormat, type Logger } from './logger.ts';

function capture(format?: LogFormat): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    ...(format === undefined ? {} : { format }),
    service: 'evaluator',
    version: '1.2.3',
    nodeId: 'node-1',
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}

describe('logger', () => {
  it('writes one JSON document per line, with level and time as text', () => {
    const { logger, lines } = capture();
    logger.info({ revision: 7 }, 'applied');
    logger.debug('not at this level');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(rest).toEqual({
      level: 'info',
      service: 'evaluator',
      version: '1.2.3',
      node_id: 'node-1',
      revision: 7,
      msg: 'applied',
    });
    expect(new Date(time as string).toISOString()).toBe(time);
  });

  it('never writes keys and credentials', () => {
    const { logger, lines } = capture();
    const secret = 'fss_do_not_write_me';
    logger.info({ authorization: secret, metadata: { authorization: secret, 'x-api-key': secret } }, 'call');
    logger.child({ nats: { options: { token: secret, password: secret } } }).warn({ apiKey: secret }, 'call');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain(secret);
    expect(JSON.parse(lines[0]!)).toMatchObject({ authorization: '[redacted]' });
  });

  it('writes errors with their stack', () => {
    const { logger, lines } = capture();
    logger.error({ err: new RangeError('too far') }, 'failed');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('logger.test.ts') },
    });
  });

  it('writes readable lines for a person', () => {
    const { logger, lines } = capture('pretty');
    logger.warn({ revision: 7, note: 'two words', err: new Error('lost') }, 'behind');
    const text = plain(lines[0]!);
    expect(text).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}evaluator behind revision=7 note="two words"\n {2}Error: lost\n {4,}at /,
    );
    expect(text).not.toContain('node-1');
  });

  it('is readable only at a terminal', () => {
    expect(effectiveFormat('pretty', true)).toBe('pretty');
    expect(effectiveFormat('pretty', false)).toBe('json');
    expect(effectiveFormat('json', true)).toBe('json');
  });
});

function plain(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
}

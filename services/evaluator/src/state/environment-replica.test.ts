import { hex } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { call, failure, type Started, start } from '../evaluator.fixture.ts';
import { booleanFlag, change, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';

const evaluate = ({ client }: Started, targetingKey = 'u', flagKey = 'new-checkout') =>
  call(client, client.evaluate, { flagKey, expectedKind: 0, context: { targetingKey }, allowStale: false });

const config = (json: object, key = 'new-checkout') => entity.config('default', 'development', key, json);

const compare = (operator: string): object => ({
  enabled: true,
  rules: [{ id: 'r', condition: { compare: { attribute: 'a', operator } }, serve: { variant: 'off' } }],
  fallthrough: { variant: 'off' },
});

async function ready(log: MemoryLog): Promise<Started> {
  const started = await start(log);
  await started.evaluator.ready();
  return started;
}

async function quarantined({ evaluator }: Started): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`)).text();
  const found = [...text.matchAll(/^flagstream_quarantined_entities\{serving="(\w+)"\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, serves, count]) => [serves, Number(count)]));
}

describe('quarantine', () => {
  it('keeps the last good version of a flag that does not compile, until it is good again', async () => {
    const log = shopLog();
    const started = await ready(log);
    log.commit(config(compare('from-the-future')), entity.flag('default', 'other', booleanFlag));
    expect(await evaluate(started)).toMatchObject({ value: true, revision: 4n });
    expect(await evaluate(started, 'u', 'other')).toMatchObject({ value: false });
    expect(await quarantined(started)).toEqual({ older: 1, none: 0 });
    const line = started.logs.find((entry) => String(entry['msg']).includes('in quarantine'));
    expect(line).toMatchObject({
      entity: 'flag/new-checkout',
      code: 'UNKNOWN_OPERATOR',
      serving: 'older version',
    });
    log.commit(config(serving('off')));
    expect(await evaluate(started)).toMatchObject({ value: false });
    expect(await quarantined(started)).toEqual({ older: 0, none: 0 });
    expect(started.logs.at(-1)).toBeDefined();
    expect(started.logs.some((entry) => entry['msg'] === 'an entity is out of quarantine')).toBe(true);
  });

  it('keeps the last good version of a flag whose content cannot be decoded', async () => {
    const log = shopLog();
    const started = await ready(log);
    log.commit(change(config({}), Buffer.from([0xff])));
    expect(await evaluate(started)).toMatchObject({ value: true });
    expect(await quarantined(started)).toEqual({ older: 1, none: 0 });
  });

  it('says what is wrong with a flag that never had a good version', async () => {
    const log = shopLog();
    log.commit(config(compare('from-the-future')));
    const started = await ready(log);
    const error = await failure(evaluate(started));
    expect(error.reason).toBe('EVALUATION_FAILED');
    expect(error.message).toContain('from-the-future');
    expect(await quarantined(started)).toEqual({ older: 0, none: 1 });
  });

  it('keeps a segment that others need, when it goes', async () => {
    const log = shopLog();
    const rule = { id: 'r', condition: { segment: 'testers' }, serve: { variant: 'off' } };
    log.commit(
      entity.segment('default', 'testers', { included: ['u1'] }),
      config({ ...serving('on'), rules: [rule] }),
    );
    const started = await ready(log);
    log.commit(entity.segment('default', 'testers', null));
    expect(await evaluate(started, 'u1')).toMatchObject({ value: false, ruleId: 'r' });
    expect(await quarantined(started)).toEqual({ older: 1, none: 0 });
    log.commit(config(serving('on')));
    expect(await evaluate(started, 'u1')).toMatchObject({ value: true });
    expect(await quarantined(started)).toEqual({ older: 0, none: 0 });
  });

  it('recovers a flag by itself when what it needs appears', async () => {
    const log = shopLog();
    log.commit(config({ ...serving('on'), prerequisites: [{ flag: 'parent', variants: ['on'] }] }));
    const started = await ready(log);
    expect(await failure(evaluate(started))).toMatchObject({ reason: 'EVALUATION_FAILED' });
    log.commit(entity.flag('default', 'parent', booleanFlag), config(serving('on'), 'parent'));
    expect(await evaluate(started)).toMatchObject({ value: true });
  });
});

describe('a segment with parts', () => {
  const parts = [
    entity.part('default', ['u1', 'u2']),
    entity.part('default', ['u3']),
    entity.part('default', ['u2']),
  ];
  const segment = (count: number) =>
    entity.segment('default', 'many', {
      parts: parts.slice(0, count).map((part, index) => ({
        sha256: Buffer.from(part.key, 'hex').toString('base64'),
        members: 2,
        excluded: index === 2,
      })),
    });
  const rule = { id: 'many', condition: { segment: 'many' }, serve: { variant: 'off' } };
  const withRule = config({ ...serving('on'), rules: [rule] });

  async function inside(started: Started): Promise<string[]> {
    const keys = ['u1', 'u2', 'u3', 'u4'];
    const answers = await Promise.all(keys.map((key) => evaluate(started, key)));
    return keys.filter((_, index) => answers[index]?.value === false);
  }

  it('holds the members of its parts, included and excluded', async () => {
    const log = shopLog();
    log.commit(parts[0]!, parts[1]!);
    log.commit(segment(2), withRule);
    const started = await ready(log);
    expect(await inside(started)).toEqual(['u1', 'u2', 'u3']);
    log.commit(parts[2]!);
    log.commit(segment(3));
    expect(await inside(started)).toEqual(['u1', 'u3']);
  });

  it('keeps its last good version while a part is missing or is not what its hash says', async () => {
    const log = shopLog();
    log.commit(parts[0]!, parts[1]!);
    log.commit(segment(2), withRule);
    const started = await ready(log);
    log.commit(segment(3));
    expect(await inside(started)).toEqual(['u1', 'u2', 'u3']);
    expect(await quarantined(started)).toEqual({ older: 1, none: 0 });
    log.commit(change(parts[2]!, Buffer.from('not this')));
    expect(await inside(started)).toEqual(['u1', 'u2', 'u3']);
    log.commit(parts[2]!);
    expect(await inside(started)).toEqual(['u1', 'u3']);
    expect(hex(parts[2]!.contentHash)).toBe(parts[2]!.key);
  });
});

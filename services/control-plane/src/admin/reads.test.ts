import { LIMITS } from '@flagstream/protocol';
import type { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { archive, booleanFlag, config, PROJECT, Workbench } from '../workbench.fixture.ts';

const CONFIG = 'projects/p/environments/dev/flagConfigs/a';

function shop(flags: readonly string[]): Workbench {
  const bench = new Workbench();
  bench.apply([...PROJECT, ...flags.map((key) => booleanFlag(key))]);
  return bench;
}

const list = (
  bench: Workbench,
  request: Partial<{ pageSize: number; pageToken: string; showArchived: boolean }>,
) =>
  bench.reads.list<Flag>(ENTITY_KIND.flag, 'p', {
    pageSize: 0,
    pageToken: '',
    showArchived: false,
    ...request,
  });
const keys = (flags: readonly Flag[]): string[] => flags.map((flag) => flag.name.split('/').at(-1) ?? '');

describe('get', () => {
  it('answers the state at a revision, with etag and times of then', () => {
    const bench = shop(['a']);
    const created = bench.head.revision;
    const createdMs = bench.nowMs;
    bench.nowMs += 5000;
    bench.apply([booleanFlag('a', { description: 'later' })]);
    const get = (at: number): Flag =>
      bench.reads.get<Flag>(ENTITY_KIND.flag, 'projects/p/flags/a', BigInt(at)).message;
    expect(get(created)).toMatchObject({ description: '', etag: String(created) });
    expect(get(0)).toMatchObject({ description: 'later', etag: String(created + 1) });
    expect(get(0).createTime).toEqual({ seconds: BigInt(createdMs / 1000), nanos: 0 });
    expect(get(0).updateTime).toEqual({ seconds: BigInt(createdMs / 1000 + 5), nanos: 0 });
  });

  it('finds nothing before it was, and no revision that never was', () => {
    const bench = shop(['a']);
    const get = (at: bigint) => () => bench.reads.get(ENTITY_KIND.flag, 'projects/p/flags/a', at);
    expect(get(1n)).toThrow(expect.objectContaining({ reason: 'PROJECT_NOT_FOUND' }));
    for (const revision of [BigInt(bench.head.revision + 1), 2n ** 63n])
      expect(get(revision)).toThrow(expect.objectContaining({ reason: 'REVISION_NOT_FOUND' }));
  });

  it('answers a configuration that was never written as off, with etag "0"', () => {
    const bench = shop(['a']);
    const get = (): FlagConfig => bench.reads.get<FlagConfig>(ENTITY_KIND.flagConfig, CONFIG, 0n).message;
    expect(get()).toMatchObject({ name: CONFIG, enabled: false, etag: '0' });
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' }, etag: '0' })]);
    expect(get()).toMatchObject({ enabled: true, etag: String(bench.head.revision) });
    expect(() => bench.apply([config('a', { enabled: false, etag: '0' })])).toThrow(
      expect.objectContaining({
        reason: 'ETAG_MISMATCH',
        metadata: expect.objectContaining({ currentEtag: String(bench.head.revision) }),
      }),
    );
  });

  it('answers an archived resource, and nothing of an archived project', () => {
    const bench = shop(['a']);
    const before = bench.head.revision;
    bench.apply([archive('projects/p/flags/a')], { comment: 'unused' });
    const get = (at: number) =>
      bench.reads.get<Flag>(ENTITY_KIND.flag, 'projects/p/flags/a', BigInt(at)).message;
    expect(get(0).archiveTime).toBeDefined();
    expect(get(before).archiveTime).toBeUndefined();
    bench.apply([archive('projects/p')], { comment: 'closed' });
    expect(() => get(0)).toThrow(expect.objectContaining({ reason: 'PARENT_ARCHIVED' }));
    expect(get(before).archiveTime).toBeUndefined();
    expect(() => bench.reads.requireProject('projects/p')).toThrow(
      expect.objectContaining({ reason: 'PARENT_ARCHIVED' }),
    );
  });
});

describe('list', () => {
  const many = Array.from({ length: 25 }, (_, i) => `flag-${String(i).padStart(2, '0')}`);

  it('answers every resource once, in pages, also when some leave meanwhile', () => {
    const bench = shop(many);
    const seen: string[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = list(bench, { pageSize: 10, pageToken });
      seen.push(...keys(page.messages));
      pageToken = page.nextPageToken;
      pages++;
      if (pages === 1)
        bench.apply([archive('projects/p/flags/flag-03'), archive('projects/p/flags/flag-15')], {
          comment: 'unused',
        });
    } while (pageToken !== '');
    expect(seen).toEqual(many.filter((key) => key !== 'flag-15'));
    expect(pages).toBe(3);
  });

  it('shows archived resources only when asked for', () => {
    const bench = shop(['a', 'b']);
    bench.apply([archive('projects/p/flags/a')], { comment: 'unused' });
    expect(keys(list(bench, {}).messages)).toEqual(['b']);
    expect(keys(list(bench, { showArchived: true }).messages)).toEqual(['a', 'b']);
  });

  it('coerces sizes', () => {
    const bench = shop(Array.from({ length: LIMITS.pageSizeDefault + 1 }, (_, i) => `f${i}`));
    expect(list(bench, { pageSize: 0 }).messages).toHaveLength(LIMITS.pageSizeDefault);
    expect(list(bench, { pageSize: -5 }).messages).toHaveLength(LIMITS.pageSizeDefault);
    expect(list(bench, { pageSize: 1_000_000 }).messages).toHaveLength(LIMITS.pageSizeDefault + 1);
  });

  it('takes a token only with the arguments that it came from', () => {
    const bench = shop(many);
    const { nextPageToken } = list(bench, { pageSize: 10 });
    const refused = expect.objectContaining({ reason: 'PAGE_TOKEN_MISMATCH' });
    expect(() => list(bench, { pageToken: nextPageToken, showArchived: true })).toThrow(refused);
    for (const pageToken of ['x', Buffer.from('null').toString('base64url'), 'bm9uc2Vuc2U'])
      expect(() => list(bench, { pageToken })).toThrow(refused);
    expect(list(bench, { pageToken: nextPageToken, pageSize: 3 }).messages).toHaveLength(3);
  });

  it('answers one configuration for each flag of the environment, written or not', () => {
    const bench = shop(['a', 'b', 'c']);
    bench.apply([config('b', { enabled: true, fallthrough: { variant: 'on' } })]);
    const environment = bench.reads.requireEnvironment('projects/p/environments/dev');
    const page = bench.reads.listConfigs<FlagConfig>(environment, { pageSize: 0, pageToken: '' });
    expect(page.messages.map(({ name, enabled, etag }) => [name.split('/').at(-1), enabled, etag])).toEqual([
      ['a', false, '0'],
      ['b', true, String(bench.head.revision)],
      ['c', false, '0'],
    ]);
  });
});

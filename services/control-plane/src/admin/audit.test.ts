import {
  ChangeAction,
  DiffRevisionsRequest,
  type EntityDiff,
  ListChangesRequest,
  ListChangesResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { describe, expect, it } from 'vitest';
import { ANYBODY, archive, booleanFlag, config, PROJECT, Workbench } from '../workbench.fixture.ts';
import { differingPaths } from './entity-diff.ts';

const CONFIG = 'projects/p/environments/dev/flagConfigs/a';

function shop(): Workbench {
  const bench = new Workbench();
  bench.apply([...PROJECT, booleanFlag('a')]);
  bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })], { comment: 'switch on' });
  bench.apply([config('a', { enabled: true, fallthrough: { variant: 'off' } })], { actor: 'bob' });
  bench.apply([booleanFlag('b')]);
  return bench;
}

const list = (bench: Workbench, request: Partial<ListChangesRequest>) =>
  bench.audit.listChanges(ListChangesRequest.create(request), ANYBODY);
const diff = (bench: Workbench, from: number, to: number, parent = 'projects/p'): EntityDiff[] =>
  bench.audit.diffRevisions(
    DiffRevisionsRequest.create({ parent, fromRevision: BigInt(from), toRevision: BigInt(to) }),
    ANYBODY,
  ).diffs;

describe('listChanges', () => {
  it('tells the log of a project, newest first, with who and why', () => {
    const { entries } = list(shop(), { parent: 'projects/p' });
    expect(entries.map((entry) => Number(entry.revision?.revision))).toEqual([5, 4, 3, 2]);
    expect(entries[2]).toMatchObject({ comment: 'switch on', actor: { id: 'tester' } });
    expect(entries[1]).toMatchObject({ actor: { id: 'bob' } });
    expect(entries[1]?.diffs).toEqual([
      expect.objectContaining({
        name: CONFIG,
        action: ChangeAction.UPDATE,
        fields: ['fallthrough.variant'],
        before: undefined,
      }),
    ]);
    expect(entries[3]?.diffs.map((entry) => entry.action)).toEqual(Array(4).fill(ChangeAction.CREATE));
  });

  it('tells the history of one resource, with its content', () => {
    const { entries } = list(shop(), { name: CONFIG, includeContent: true });
    expect(entries.map((entry) => Number(entry.revision?.revision))).toEqual([4, 3]);
    expect(entries[0]?.diffs[0]).toMatchObject({
      before: { fallthrough: { variant: 'on' } },
      after: { fallthrough: { variant: 'off' } },
    });
    expect(entries[1]?.diffs[0]).toMatchObject({ action: ChangeAction.CREATE, before: undefined });
  });

  it('goes on after a page, and stops at a revision', () => {
    const bench = shop();
    const first = list(bench, { pageSize: 3 });
    const second = list(bench, { pageSize: 3, pageToken: first.nextPageToken });
    const revisions = [...first.entries, ...second.entries].map((entry) => Number(entry.revision?.revision));
    expect(revisions).toEqual([5, 4, 3, 2]);
    expect(second.nextPageToken).toBe('');
    expect(list(bench, { afterRevision: 3n }).entries).toHaveLength(2);
    expect(() => list(bench, { pageToken: first.nextPageToken, name: CONFIG })).toThrow(
      expect.objectContaining({ reason: 'PAGE_TOKEN_MISMATCH' }),
    );
  });
});

describe('diffRevisions', () => {
  it('tells what differs, forwards and backwards, and nothing that came back', () => {
    const bench = shop();
    expect(diff(bench, 2, 3)).toEqual([
      expect.objectContaining({ name: CONFIG, action: ChangeAction.CREATE }),
    ]);
    expect(diff(bench, 3, 2)).toEqual([
      expect.objectContaining({ name: CONFIG, action: ChangeAction.ARCHIVE, after: undefined }),
    ]);
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })]);
    expect(diff(bench, 3, 0)).toEqual([
      expect.objectContaining({ name: 'projects/p/flags/b', action: ChangeAction.CREATE }),
    ]);
    bench.apply([archive('projects/p/flags/b')], { comment: 'unused' });
    expect(diff(bench, 3, 0)).toEqual([]);
    expect(diff(bench, 5, 5)).toEqual([]);
  });

  it('leaves content out that is nested deeper than clients decode, and still names what differs', () => {
    const bench = shop();
    const leaf: object = { compare: { attribute: 'x', operator: 'equals', values: ['1'] } };
    const nested = (depth: number): object =>
      depth === 0 ? leaf : { all: { conditions: [nested(depth - 1)] } };
    const rule = (depth: number): object => ({
      rules: [{ id: 'r', condition: nested(depth), serve: { variant: 'on' } }],
    });
    const answer = (depth: number): EntityDiff | undefined => {
      bench.apply([config('a', { enabled: true, ...rule(depth) })]);
      const { entries } = list(bench, { pageSize: 1, includeContent: true });
      const bytes = ListChangesResponse.encode(
        ListChangesResponse.create({ entries, nextPageToken: '' }),
      ).finish();
      return ListChangesResponse.decode(bytes).entries[0]?.diffs[0];
    };
    expect(answer(8)?.after).toMatchObject({ rules: [{ id: 'r' }] });
    const deep = answer(19);
    expect(deep).toMatchObject({ action: ChangeAction.UPDATE, before: undefined, after: undefined });
    expect(deep?.fields).toHaveLength(2);
  });

  it('refuses a revision that does not exist', () => {
    const bench = shop();
    expect(() => diff(bench, 1, 99)).toThrow(expect.objectContaining({ reason: 'REVISION_NOT_FOUND' }));
    expect(() => diff(bench, 0, 2)).toThrow(expect.objectContaining({ reason: 'INVALID_FIELD' }));
  });
});

describe('differingPaths', () => {
  it('names the deepest places, and the whole of a list that grew', () => {
    const before = { a: 1, list: [{ x: 1 }, { x: 2 }], grown: [1], same: { b: [1] } };
    const after = { a: 2, list: [{ x: 1 }, { x: 3, y: true }], grown: [1, 2], same: { b: [1] }, added: 'z' };
    expect(differingPaths(before, after)).toEqual(['a', 'added', 'grown', 'list[1].x', 'list[1].y']);
  });
});

import { apiKeyId, environmentId, flagConfigId, flagId, projectId, segmentId } from '@flagstream/protocol';
import {
  DiffRevisionsRequest,
  ListChangesRequest,
  type ListChangesResponse,
  ListKeysRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  ApiKey,
  type Environment,
  KeyKind,
  type Project,
  Role,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityId } from '@flagstream/replica';
import { type Grant, KeyUse, type Principal, type Verb } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { createdKey, keyChange } from '../commands/api-keys.ts';
import { booleanFlag, config, PROJECT, Workbench } from '../workbench.fixture.ts';
import { listKeys } from './key-list.ts';
import { maySee, requireControl } from './permissions.ts';
import { Reads } from './reads.ts';

const READS: readonly Verb[] = ['read', 'evaluate'];
const WRITES: readonly Verb[] = [...READS, 'write'];
const OWNS: readonly Verb[] = [...WRITES, 'administer'];

function bound(verbs: readonly Verb[], project = '', environment = ''): Principal {
  const grants: Grant[] = [{ project, environment, verbs: new Set(verbs) }];
  return { kind: 'admin', id: 'k', project, environment, verbs: new Set(verbs), grants };
}

const ENTITIES: readonly (readonly [string, EntityId])[] = [
  ['p', projectId('p')],
  ['p/dev', environmentId('p', 'dev')],
  ['p/prod', environmentId('p', 'prod')],
  ['p flag', flagId('p', 'a')],
  ['p segment', segmentId('p', 's')],
  ['p/dev config', flagConfigId('p', 'dev', 'a')],
  ['p/prod config', flagConfigId('p', 'prod', 'a')],
  ['p/dev key', apiKeyId('p', 'dev', 'k')],
  ['p/prod key', apiKeyId('p', 'prod', 'k')],
  ['admin key', apiKeyId('', '', 'k')],
  ['q', projectId('q')],
  ['q flag', flagId('q', 'a')],
  ['q/dev config', flagConfigId('q', 'dev', 'a')],
];

const seen = (principal: Principal): string[] =>
  ENTITIES.filter(([, id]) => maySee(principal, id)).map(([name]) => name);
const controlled = (principal: Principal): string[] =>
  ENTITIES.filter(([, id]) => {
    try {
      requireControl(principal, id);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ reason: 'PERMISSION_DENIED' });
      return false;
    }
  }).map(([name]) => name);

describe('what a role reaches', () => {
  const shared = ['p', 'p flag', 'p segment'];
  const dev = ['p', 'p/dev', 'p flag', 'p segment', 'p/dev config'];

  it.each([
    ['a viewer of one environment', bound(READS, 'p', 'dev'), dev, []],
    ['an editor of one environment', bound(WRITES, 'p', 'dev'), dev, ['p/dev config']],
    [
      'an owner of one environment',
      bound(OWNS, 'p', 'dev'),
      [...dev, 'p/dev key'],
      ['p/dev', 'p/dev config', 'p/dev key'],
    ],
    [
      'an editor of a project',
      bound(WRITES, 'p'),
      [...shared, 'p/dev', 'p/prod', 'p/dev config', 'p/prod config'],
      ['p flag', 'p segment', 'p/dev config', 'p/prod config'],
    ],
    [
      'an owner of a project',
      bound(OWNS, 'p'),
      ENTITIES.map(([name]) => name).filter((name) => name.startsWith('p')),
      ENTITIES.map(([name]) => name).filter((name) => name.startsWith('p')),
    ],
    ['an owner', bound(OWNS), ENTITIES.map(([name]) => name), ENTITIES.map(([name]) => name)],
    ['a node', bound(['log']), [], []],
  ])('%s', (_, principal, sees, controls) => {
    expect(new Set(seen(principal))).toEqual(new Set(sees));
    expect(new Set(controlled(principal))).toEqual(new Set(controls));
  });
});

describe('reads on behalf of a caller', () => {
  const viewer = bound(READS, 'p', 'dev');

  function shop(): { bench: Workbench; reads: Reads } {
    const bench = new Workbench();
    bench.apply([...PROJECT, { project: { name: 'projects/q' } }, booleanFlag('a')]);
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })], { comment: 'dev only' });
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } }, 'prod')], {
      comment: 'prod only',
    });
    return { bench, reads: new Reads(bench.log, bench.history) };
  }

  it('leave out of lists what the caller may not see', () => {
    const reads = shop().reads.for(viewer);
    const page = { pageSize: 0, pageToken: '', showArchived: false };
    expect(
      reads.list<Project>(ENTITY_KIND.project, undefined, page).messages.map(({ name }) => name),
    ).toEqual(['projects/p']);
    const names = reads
      .list<Environment>(ENTITY_KIND.environment, 'p', page)
      .messages.map(({ name }) => name);
    expect(names).toEqual(['projects/p/environments/dev']);
  });

  it('refuse what is out of reach whether or not it is there, with the same words', () => {
    const reads = shop().reads.for(viewer);
    const refused = (name: string): string => {
      try {
        reads.get(ENTITY_KIND.flagConfig, name, 0n);
      } catch (error) {
        expect(error).toMatchObject({ reason: 'PERMISSION_DENIED' });
        return String(error).replace(/environments\/[a-z]+/, 'environments/E');
      }
      throw new Error(`${name} was read`);
    };
    expect(refused('projects/p/environments/prod/flagConfigs/a')).toBe(
      refused('projects/p/environments/nowhere/flagConfigs/a'),
    );
    expect(() => reads.requireEnvironment('projects/p/environments/prod')).toThrow('may not read');
    expect(() => reads.requireProject('projects/q')).toThrow('may not read');
  });

  it('tell of no change in another environment, nor who made it or why', () => {
    const { bench } = shop();
    const { entries } = bench.audit.listChanges(ListChangesRequest.create({ parent: '' }), viewer);
    expect(entries.map(({ comment }) => comment)).toEqual(['dev only', '']);
    const names = entries.flatMap(({ diffs }) => diffs.map(({ name }) => name));
    expect(names.filter((name) => /prod|projects\/q/.test(name))).toEqual([]);
    const request = DiffRevisionsRequest.create({ parent: 'projects/p', fromRevision: 1n });
    const diffs = bench.audit.diffRevisions(request, viewer).diffs.map(({ name }) => name);
    expect(diffs).toContain('projects/p/environments/dev/flagConfigs/a');
    expect(diffs.filter((name) => name.includes('prod'))).toEqual([]);
    const elsewhere = ListChangesRequest.create({ parent: 'projects/q' });
    expect(() => bench.audit.listChanges(elsewhere, viewer)).toThrow('may not read');
  });

  /** All pages of the project's changes: their comments, and the revision that each token tells. */
  function pagesOf(bench: Workbench, pageSize: number): { comments: string[]; tells: number | undefined }[] {
    const pages: { comments: string[]; tells: number | undefined }[] = [];
    let pageToken = '';
    do {
      const request = ListChangesRequest.create({ parent: 'projects/p', pageSize, pageToken });
      const page = bench.audit.listChanges(request, viewer) as ListChangesResponse;
      pageToken = page.nextPageToken;
      const told: unknown[] =
        pageToken === '' ? [] : JSON.parse(Buffer.from(pageToken, 'base64url').toString());
      pages.push({
        comments: page.entries.map(({ comment }) => comment),
        tells: told.length === 0 ? undefined : Number(told[1]),
      });
    } while (pageToken !== '');
    return pages;
  }

  const hide = (bench: Workbench, changes: number): void => {
    for (let i = 0; i < changes; i++)
      bench.apply([config('a', { enabled: i % 2 === 0 }, 'prod')], { comment: 'prod only' });
  };

  it('page through a log most of which is hidden, without an empty page or a hidden revision in a token', () => {
    const { bench } = shop();
    hide(bench, 5);
    bench.apply([config('a', { enabled: false })], { comment: 'dev again' });
    const { revision } = bench.head;
    hide(bench, 5);
    expect(pagesOf(bench, 1)).toEqual([
      { comments: ['dev again'], tells: revision },
      { comments: ['dev only'], tells: 3 },
      { comments: [''], tells: undefined },
    ]);
    expect(pagesOf(bench, 2)).toEqual([
      { comments: ['dev again', 'dev only'], tells: 3 },
      { comments: [''], tells: undefined },
    ]);
    expect(pagesOf(bench, 3)).toEqual([{ comments: ['dev again', 'dev only', ''], tells: undefined }]);
  });

  it('look at a bounded number of hidden changes for one page', () => {
    const { bench } = shop();
    for (let i = 0; i < 2_500; i++) {
      const hidden = keyChange(apiKeyId('p', 'prod', 'k'), ApiKey.fromPartial({ displayName: String(i) }));
      const actor = { id: 'a', kind: 'user' };
      const requestDigest = new Uint8Array(32);
      bench.log.append({ opId: `hidden-${i}`, requestDigest, actor, comment: '', changes: [hidden] });
    }
    const pages = pagesOf(bench, 10);
    expect(pages.map(({ comments }) => comments)).toEqual([[], ['dev only', '']]);
    expect(pages[0]!.tells).toBeGreaterThan(bench.head.revision - 2_500);
  });

  it('list the keys that the caller administers, page by page', () => {
    const { bench } = shop();
    const kinds = [
      ['dev', KeyKind.SERVER],
      ['dev', KeyKind.CLIENT],
      ['prod', KeyKind.SERVER],
      ['', KeyKind.ADMIN],
    ] as const;
    kinds.forEach(([environment, kind], index) => {
      const roles = kind === KeyKind.ADMIN ? [{ role: Role.OWNER }] : [];
      const id = apiKeyId(environment === '' ? '' : 'p', environment, `key-${index}`);
      const next = (): ApiKey => createdKey(ApiKey.fromPartial({ kind, roles }), 'secret', bench.nowMs);
      bench.edit([{ op: 'key', id, path: 'key', next }], { comment: 'for prod too' });
    });
    const parts = { log: bench.log, use: new KeyUse() };
    const list = (principal: Principal, parent: string): string[] => {
      const names: string[] = [];
      let pageToken = '';
      do {
        const page = listKeys(parts, ListKeysRequest.create({ parent, pageSize: 1, pageToken }), principal);
        names.push(...page.keys.map(({ name }) => name.split('/').at(-1)!));
        expect(page.keys.flatMap(({ secrets }) => secrets.map(({ sha256 }) => sha256.length))).toEqual(
          page.keys.map(() => 0),
        );
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return names;
    };
    expect(list(bound(OWNS), '')).toEqual(['key-0', 'key-1', 'key-2', 'key-3']);
    expect(list(bound(OWNS, 'p', 'dev'), '')).toEqual(['key-0', 'key-1']);
    expect(list(bound(OWNS, 'p', 'dev'), 'projects/p/environments/dev')).toEqual(['key-0', 'key-1']);
    expect(() => list(bound(OWNS, 'p', 'dev'), 'projects/p/environments/prod')).toThrow('may not');
    expect(list(viewer, '')).toEqual([]);
    const told = (principal: Principal): string[] =>
      bench.audit
        .listChanges(ListChangesRequest.create({ parent: '', includeContent: true }), principal)
        .entries.flatMap(({ diffs }) => diffs.map((diff) => JSON.stringify(diff)))
        .filter((diff) => diff.includes('/keys/') || diff.includes('"keys/'));
    expect(told(bound(OWNS))).toHaveLength(4);
    expect(told(bound(OWNS, 'p', 'dev'))).toHaveLength(2);
    expect(told(viewer)).toEqual([]);
    // Of a secret there is its time and not its hash.
    expect(told(bound(OWNS)).join()).toContain('createTime');
    expect(told(bound(OWNS)).filter((diff) => diff.includes('sha256'))).toEqual([]);
  });
});

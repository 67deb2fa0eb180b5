import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StateDigest } from './digest.ts';
import { ENTITY_KIND, entityKey, type VersionedEntity } from './entity.ts';
import { EnvironmentView } from './environment-view.ts';
import { changed, config, flag, jsonCodec } from './log.fixture.ts';

const { sha256 } = jsonCodec;
const SCOPE = { project: 'p', environment: 'dev' };

const viewOf = (revisions = 100, entities: readonly VersionedEntity[] = [], floor = 0): EnvironmentView =>
  EnvironmentView.of(sha256, SCOPE, { revisions }, floor, entities);

const keys = (entities: readonly VersionedEntity[] | undefined): string[] | undefined =>
  entities?.map(({ change }) => change.key).sort();

describe('EnvironmentView', () => {
  it('holds flags, segments and parts of its project, and configurations of its environment', () => {
    const view = viewOf();
    const of = (kind: number, project: string, environment: string): boolean =>
      view.holds({ kind: kind as 1, project, environment, key: 'k' });
    expect(of(ENTITY_KIND.flag, 'p', '')).toBe(true);
    expect(of(ENTITY_KIND.segment, 'p', '')).toBe(true);
    expect(of(ENTITY_KIND.part, 'p', '')).toBe(true);
    expect(of(ENTITY_KIND.flagConfig, 'p', 'dev')).toBe(true);
    expect(of(ENTITY_KIND.flagConfig, 'p', 'prod')).toBe(false);
    expect(of(ENTITY_KIND.flag, 'q', '')).toBe(false);
    expect(of(ENTITY_KIND.key, 'p', 'dev')).toBe(false);
    expect(of(ENTITY_KIND.environment, 'p', '')).toBe(false);
  });

  it('tells whether a revision touched it', () => {
    const view = viewOf();
    expect(view.apply([{ change: flag('a', '1'), version: 2 }], 2)).toBe(true);
    expect(view.apply([{ change: config('prod', 'a', '1'), version: 3 }], 3)).toBe(false);
    expect(view.changedRevision).toBe(2);
  });

  it('answers each entity once, at its newest state, and removals', () => {
    const view = viewOf();
    view.apply([{ change: flag('a', '1'), version: 1 }], 1);
    view.apply([{ change: flag('b', '1'), version: 2 }], 2);
    view.apply(
      [
        { change: flag('a', '2'), version: 3 },
        { change: flag('b', null), version: 3 },
      ],
      3,
    );
    expect(keys(view.delta(0)?.put)).toEqual(['a']);
    expect(keys(view.delta(0)?.remove)).toEqual(['b']);
    expect(view.delta(3)).toEqual({ put: [], remove: [] });
    expect(keys(view.delta(1)?.put)).toEqual(['a']);
    expect(keys([...view.live()])).toEqual(['a']);
  });

  it('forgets what lies before its window', () => {
    const view = viewOf(16);
    view.apply([{ change: flag('gone', '1'), version: 1 }], 1);
    view.apply([{ change: flag('gone', null), version: 2 }], 2);
    for (let i = 3; i <= 60; i++) view.apply([{ change: flag('a', String(i)), version: i }], i);
    expect(view.floor).toBeGreaterThan(2);
    expect(view.delta(2)).toBeUndefined();
    expect(keys(view.delta(view.floor)?.put)).toEqual(['a']);
    expect(view.entity(flag('gone', null))).toBeUndefined();
    expect(view.size).toBe(1);
  });

  it('says from which revision on a delta is the same', () => {
    const view = viewOf();
    for (const version of [3, 7]) view.apply([{ change: flag('a', String(version)), version }], version);
    expect([3, 4, 6].map((from) => view.deltaBase(from))).toEqual([3, 3, 3]);
    expect([7, 9].map((from) => view.deltaBase(from))).toEqual([7, 7]);
    expect(view.deltaBase(2)).toBe(2);
  });

  it('is the same view whether it was built at once or revision by revision', () => {
    const entry = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      text: fc.option(fc.constantFrom('1', '2')),
      environment: fc.constantFrom('dev', 'prod'),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { maxLength: 3 }), { maxLength: 30 }),
        fc.nat(30),
        (revisions, from) => {
          const grown = viewOf();
          const newest = new Map<string, VersionedEntity>();
          for (const [index, entries] of revisions.entries()) {
            const version = index + 1;
            const entities = entries.map(({ environment, key, text }) => ({
              change: config(environment, key, text),
              version,
            }));
            for (const entity of entities) newest.set(entityKey(entity.change), entity);
            grown.apply(entities, version);
          }
          const built = viewOf(100, [...newest.values()]);
          expect(built.digest).toEqual(grown.digest);
          expect(grown.digest).toEqual(StateDigest.of(sha256, grown.live()).halves);
          const ids = (view: EnvironmentView): unknown => {
            const delta = view.delta(from);
            return { put: keys(delta?.put), remove: keys(delta?.remove) };
          };
          expect(ids(built)).toEqual(ids(grown));
          const base = grown.deltaBase(from);
          expect(grown.delta(base)).toEqual(grown.delta(from));
        },
      ),
    );
  });

  it('has the same digest whenever it is made', () => {
    const text = fc.constantFrom('1', '2', null);
    const entry = fc.record({ key: fc.constantFrom('a', 'b', 'c'), text });
    const entries = fc.array(entry, { maxLength: 8 });
    fc.assert(
      fc.property(
        entries,
        entries,
        fc.nat(10),
        fc.nat(10),
        fc.boolean(),
        (found, came, steps, more, asked) => {
          const versioned = [...found, ...came].map(({ key, text }, index) => ({
            change: config('dev', key, text),
            version: index + 1,
          }));
          const view = viewOf(100, versioned.slice(0, found.length));
          const preparing = view.prepareDigest();
          for (let step = 0; step < steps; step++) preparing.next();
          if (asked) expect(view.digest).toEqual(StateDigest.of(sha256, view.live()).halves);
          for (const entity of versioned.slice(found.length)) view.apply([entity], entity.version);
          for (let step = 0; step < more; step++) preparing.next();
          expect(view.digest).toEqual(StateDigest.of(sha256, view.live()).halves);
        },
      ),
    );
  });

  it('does not take parts of an apply, which stand outside any project', () => {
    const view = viewOf();
    const part = changed(
      { kind: ENTITY_KIND.part, project: '', environment: '', key: 'x' },
      new Uint8Array(1),
    );
    expect(view.apply([{ change: part, version: 1 }], 1)).toBe(false);
  });
});

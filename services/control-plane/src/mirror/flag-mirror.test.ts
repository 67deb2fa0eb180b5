import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { Workbench } from '../workbench.fixture.ts';
import { FlagMirror, type MirroredFlag } from './flag-mirror.ts';

const SCOPE = { project: 'default', environment: 'development' };
const TEXT = { kind: 'FLAG_KIND_STRING', variants: [{ key: 'a', value: 'A' }] };
const NUMBER = { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'a', value: 1 }] };

function mirrorOf(bench: Workbench): (flags: Record<string, object>) => number {
  const mirror = new FlagMirror({ store: bench.store, writes: bench.writes, scope: SCOPE });
  return (flags) => {
    const wanted = Object.entries(flags).map(([key, flag]): [string, MirroredFlag] => [
      key,
      {
        flag: Flag.fromJSON({ ...flag, provenance: { system: 'flagd' } }),
        config: FlagConfig.fromJSON({ enabled: true, fallthrough: { variant: 'a' } }),
      },
    ]);
    return mirror.replace(new Map(wanted), 'from a file').revision;
  };
}

function inService(bench: Workbench): string[] {
  return bench.store
    .entities({ kind: ENTITY_KIND.flag, project: SCOPE.project, limit: 100 })
    .filter(({ change }) => !change.deleted)
    .map(({ change }) => change.key);
}

describe('FlagMirror', () => {
  it('makes the place and all flags in one revision, and none where nothing has changed', () => {
    const bench = new Workbench();
    const replace = mirrorOf(bench);
    const before = bench.head.revision;
    expect(replace({ one: TEXT, 'any key/at all': TEXT })).toBe(before + 1);
    expect(inService(bench).sort()).toEqual(['any key/at all', 'one']);
    expect(replace({ one: TEXT, 'any key/at all': TEXT })).toBe(before + 1);
  });

  it('takes away what has left, brings it back, and gives it another kind', () => {
    const bench = new Workbench();
    const replace = mirrorOf(bench);
    replace({ one: TEXT, two: TEXT });
    replace({ two: TEXT });
    expect(inService(bench)).toEqual(['two']);
    replace({ one: NUMBER, two: NUMBER });
    expect(inService(bench).sort()).toEqual(['one', 'two']);
    const { message } = bench.reads.get<Flag>(ENTITY_KIND.flag, 'projects/default/flags/two', 0n);
    expect(Flag.toJSON(message)).toMatchObject(NUMBER);
  });

  it('writes nothing where one flag does not compile', () => {
    const bench = new Workbench();
    const replace = mirrorOf(bench);
    const before = replace({ one: TEXT });
    expect(() => replace({ one: NUMBER, two: { ...TEXT, variants: [{ key: 'b', value: 'B' }] } })).toThrow();
    expect(bench.head.revision).toBe(before);
  });

  it('tells the flags that came from elsewhere', () => {
    const bench = new Workbench();
    mirrorOf(bench)({ one: TEXT });
    bench.apply([{ flag: { name: 'projects/default/flags/ours', kind: 'FLAG_KIND_BOOLEAN' } }]);
    const mirror = new FlagMirror({ store: bench.store, writes: bench.writes, scope: SCOPE });
    expect(mirror.othersThanOf('flagd')).toEqual(['ours']);
  });
});

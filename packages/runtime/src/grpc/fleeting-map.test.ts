import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { FleetingMap } from './fleeting-map.ts';

it('holds what a Map holds, over many that come and go', () => {
  const [map, model] = [new FleetingMap<number, string>(), new Map<number, string>()];
  for (let key = 0; key < 10_000; key++) {
    // Some stay.
    const left = key - 7;
    expect(map.set(key, `value ${key}`)).toBe(map);
    model.set(key, `value ${key}`);
    if (left % 10 !== 0) expect(map.delete(left)).toBe(model.delete(left));
    expect([map.size, map.get(left), map.has(key)]).toEqual([model.size, model.get(left), true]);
  }
  expect([...map]).toEqual([...model]);
  const visited: [string, number][] = [];
  map.forEach((value, key) => {
    visited.push([value, key]);
  });
  expect(visited).toEqual([...model].map(([key, value]) => [value, key]));
  expect(map.delete(1)).toBe(false);
});

it('leaves nothing behind that only a full collection finds', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const map = new FleetingMap<number, number[]>();
  const churn = (entries: number): void => {
    for (let key = 0; key < entries; key++) {
      map.set(key, new Array<number>(128).fill(key));
      if (key >= 16) map.delete(key - 16);
    }
  };
  churn(1_000);
  // From here on its table is old.
  collect();
  const before = oldBytes();
  churn(50_000);
  // A Map leaves 25 MB of these 50.
  expect(oldBytes() - before).toBeLessThan(5_000_000);
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;
}

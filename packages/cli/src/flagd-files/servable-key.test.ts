import { expect, it } from 'vitest';
import { servableKeyProblem } from './servable-key.ts';

it.each(['a', 'newBanner', 'with space/slash', 'größe', '日本', '__proto__', 'x'.repeat(128)])(
  '%j can be served',
  (key) => {
    expect(servableKeyProblem(key)).toBeUndefined();
  },
);

it.each([
  ['', /needs a key/],
  ['x'.repeat(129), /129 characters, at most 128/],
  ['a\nb', /control character/],
  ['a\u007f', /control character/],
  ['\u{1f600}', /emoji/],
  ['\ud800', /U\+D800/],
  ['\uff21', /U\+D800/],
])('%j cannot', (key, problem) => {
  expect(servableKeyProblem(key)).toMatch(problem);
});

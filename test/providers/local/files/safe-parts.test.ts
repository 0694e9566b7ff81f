import { expect, test } from 'vitest';
import { safeParts } from '../../../../src/providers/local/files/safe-parts.ts';

test.each(['..', 'a/..', 'a/../b', './../x', '/', '/a', 'a\0'])('the path %j is refused', (path) => {
  expect(safeParts(path)).toHaveProperty('refused');
});

test.each([
  ['a/b', ['a', 'b']],
  ['./a//b/./', ['a', 'b']],
  ['..a/b..', ['..a', 'b..']],
  ['./', []],
])('the path %j stays inside', (path, parts) => {
  expect(safeParts(path)).toEqual(parts);
});

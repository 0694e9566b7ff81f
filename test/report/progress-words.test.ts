import { expect, test } from 'vitest';
import { progressInWords } from '../../src/report/progress-words.ts';

const MB = 1_000_000;
const copying = { detail: 'copying', bytesDone: 200 * MB, bytesTotal: 1_000 * MB, bytesAtFirst: 0, seconds: 10 };

test.each([
  [
    'without bytes, what is done is told',
    { detail: 'starting the server', bytesAtFirst: 0, seconds: 9 },
    'starting the server',
  ],
  ['at first there is neither a rate nor an estimate', { ...copying, seconds: 0.2 }, 'copying, 200 MB of 1 GB'],
  ['an estimate waits until the rate says something', { ...copying, seconds: 2 }, 'copying, 200 MB of 1 GB, 100 MB/s'],
  ['the time that is left follows from the rate so far', copying, 'copying, 200 MB of 1 GB, 20 MB/s, about 40 s left'],
  [
    'what another worker had done does not make this one quick',
    { ...copying, bytesAtFirst: 100 * MB },
    'copying, 200 MB of 1 GB, 10 MB/s, about 1 m 20 s left',
  ],
  [
    'of an unknown whole nothing is estimated',
    { detail: 'copying', bytesDone: 200 * MB, bytesAtFirst: 0, seconds: 10 },
    'copying, 200 MB, 20 MB/s',
  ],
  [
    'work that stands still has no end in sight',
    { ...copying, bytesAtFirst: 200 * MB },
    'copying, 200 MB of 1 GB, 0 B/s',
  ],
])('%s', (_, seen, words) => {
  expect(progressInWords('restore:orders', seen)).toBe(`restore:orders: ${words}`);
});

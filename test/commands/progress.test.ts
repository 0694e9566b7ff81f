import { afterEach, expect, test, vi } from 'vitest';
import { progressPrinter } from '../../src/commands/progress.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('without a terminal, long work is told of every half minute, and short work never', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const lines: string[] = [];
  const io = { isTerminal: false, stderr: (text: string) => lines.push(text) };
  const printer = progressPrinter(io as unknown as Parameters<typeof progressPrinter>[0]);
  for (; now <= 65_000; now += 1_000) {
    printer.progress({ step: 'restore:orders', detail: 'copying', bytesDone: now * 1_000, bytesTotal: 100_000_000 });
  }
  printer.end();
  expect(lines).toEqual([
    'restore:orders: copying, 30 MB of 100 MB, 1 MB/s, about 1 m 10 s left\n',
    'restore:orders: copying, 60 MB of 100 MB, 1 MB/s, about 40 s left\n',
  ]);
});

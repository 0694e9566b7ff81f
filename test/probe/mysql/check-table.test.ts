import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/probe/mysql/session.ts';
import { observeStructure } from '../../../src/probe/mysql/structure.ts';

/** A server with one table, of which `check table` says `messages`: type and text of each. */
function serverThatSays(messages: readonly (readonly [string, string])[]): Session {
  return {
    query: async (text) => {
      if (text.startsWith('check table')) return { rows: messages.map(([type, said]) => ['x.t', 'check', type, said]) };
      if (text.includes('information_schema.tables')) return { rows: [['x', 't', 'InnoDB']] };
      return { rows: [['1']] };
    },
  };
}

describe("the server's check of a table", () => {
  it.each([
    ['OK', [['status', 'OK']]],
    ['already up to date', [['status', 'Table is already up to date']]],
    [
      'OK with a note',
      [
        ['note', 'anything'],
        ['status', 'OK'],
      ],
    ],
  ] as const)('that says %s is a pass', async (_title, messages) => {
    expect(await observeStructure(serverThatSays(messages))).toMatchObject({ faults: [], unreadable: [] });
  });

  it.each([
    ['Corrupt', [['error', 'Corrupt']]],
    [
      'OK after a corrupt index',
      [
        ['warning', 'InnoDB: Index PRIMARY is marked as corrupted'],
        ['status', 'OK'],
      ],
    ],
    [
      'a misplaced row',
      [
        ['error', 'Found a misplaced row in part 1: canary-row'],
        ['status', 'Operation failed'],
      ],
    ],
  ] as const)('that says %s is a fault, without its words', async (_title, messages) => {
    const observation = await observeStructure(serverThatSays(messages));
    expect(observation).toMatchObject({ faults: [{ relation: 't' }], unreadable: [] });
    expect(JSON.stringify(observation)).not.toContain('canary');
  });

  it.each([
    ['nothing', []],
    ['that the engine cannot check', [['note', "The storage engine for the table doesn't support check"]]],
    [
      'that access is denied',
      [
        ['Error', 'SELECT command denied to user canary'],
        ['status', 'Operation failed'],
      ],
    ],
    [
      'an error it does not know, and OK',
      [
        ['error', 'canary'],
        ['status', 'OK'],
      ],
    ],
  ] as const)('that says %s is neither', async (_title, messages) => {
    const observation = await observeStructure(serverThatSays(messages));
    expect(observation).toMatchObject({
      faults: [],
      unreadable: [{ relation: 't', problem: { code: 'check/table-not-checked', blames: 'environment' } }],
    });
    expect(JSON.stringify(observation)).not.toContain('canary');
  });
});

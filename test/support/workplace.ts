import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandIo } from '../../src/commands/io.ts';
import type { DrillEvent } from '../../src/drill/events.ts';

/** A folder that commands are called in, and what they printed. */
export interface Workplace {
  readonly cwd: string;
  readonly io: CommandIo;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Writes a runbook into `runbooks/`; its source is a folder that holds nothing, unless these lines say otherwise. */
  runbook(name: string, lines?: readonly string[]): Promise<string>;
  /** Writes a journal below `reports/`. */
  journal(drillId: string, events: readonly DrillEvent[]): Promise<string>;
  remove(): Promise<void>;
}

export const PUBLISH = 'publish: { cloudwatch: { region: eu-west-1 } }';

/** An empty temporary workplace. */
export async function workplace(): Promise<Workplace> {
  const cwd = await mkdtemp(join(tmpdir(), 'drillbook-publish-'));
  const out: string[] = [];
  const err: string[] = [];
  for (const folder of ['runbooks', 'reports', 'backups']) await mkdir(join(cwd, folder));
  return {
    cwd,
    io: {
      stdout: (text) => void out.push(text),
      stderr: (text) => void err.push(text),
      env: process.env,
      cwd,
      isTerminal: false,
    },
    stdout: () => out.join(''),
    stderr: () => err.join(''),
    async runbook(name, lines = []) {
      const file = join('runbooks', `${name}.yaml`);
      const text = [
        `runbook: ${name}`,
        ...lines,
        'restore:',
        '  orders: { kind: postgres, source: ../backups }',
        'checks:',
        '  - { integrity: every index is sound, of: orders, kind: structure }',
        '',
      ];
      await writeFile(join(cwd, file), text.join('\n'));
      return file;
    },
    async journal(drillId, events) {
      const file = join(cwd, 'reports', drillId, 'journal.jsonl');
      await mkdir(join(cwd, 'reports', drillId));
      await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      return file;
    },
    remove: async () => rm(cwd, { recursive: true }),
  };
}

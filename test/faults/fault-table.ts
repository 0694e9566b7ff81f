import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Judgement } from '../../src/checks/check.ts';
import type { Verdict } from '../../src/drill/verdict.ts';
import { isWhole } from '../support/whole.ts';
import type { Found } from './bench.ts';

const PAGE = fileURLToPath(new URL('../../docs/faults.md', import.meta.url));
const SIGNS: Readonly<Record<Judgement['outcome'], string>> = { passed: '–', failed: '●', errored: '?', skipped: '·' };

/** One fault in one form of backup, and what was found of it. */
interface Row {
  readonly fault: string;
  readonly form: string;
  readonly restore: string;
  readonly signs: readonly string[];
  readonly verdict: Verdict;
}

/** The table of one family of backups: filled by tests, then compared with the page that people read. */
export interface FaultTable {
  add(fault: string, form: string, found: Found): void;
  /**
   * Fails where the page says something else; with `UPDATE_DOCS=1` it is written anew. The test command tries a part of
   * the faults: these must be on the page as they were found.
   */
  compareWithPage(): void;
}

/**
 * @param family heading of the page's section
 * @param checks ids of the checks, in the order of the columns
 */
export function faultTable(family: string, checks: readonly string[]): FaultTable {
  const rows: Row[] = [];
  return {
    add(fault, form, { refused, judgements, verdict }) {
      const restore = refused === undefined ? 'restored' : `refused: \`${refused.code}\``;
      const signs = checks.map((id) => {
        const outcome = judgements[id]?.outcome;
        return outcome === undefined ? '' : SIGNS[outcome];
      });
      rows.push({ fault, form, restore, signs, verdict });
    },
    compareWithPage() {
      const page = readFileSync(PAGE, 'utf8');
      const [begin, end] = [`<!-- faults: ${family} -->\n`, `<!-- end: ${family} -->`];
      const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)];
      if (!page.includes(begin) || to < 0) throw new Error(`docs/faults.md has no place for the table of '${family}'`);
      const written = page.slice(from, to);
      if (!isWhole) {
        const known = readTable(written);
        expect(
          rows.map(cellsOf).filter((row) => !known.some((line) => holds(line, row))),
          DIFFERS,
        ).toEqual([]);
        return;
      }
      const found = `\n${tableOf(checks, rows)}\n`;
      if (process.env['UPDATE_DOCS'] !== '1') expect(written, DIFFERS).toBe(found);
      else writeFileSync(PAGE, `${page.slice(0, from)}${found}${page.slice(to)}`);
    },
  };
}

const DIFFERS = `docs/faults.md does not say what was found; 'DRILLBOOK_TESTS=whole UPDATE_DOCS=1 npx vitest run
  --no-file-parallelism test/faults' writes it anew: read the difference`;

/** The cells of each line of a written table. */
function readTable(written: string): readonly (readonly string[])[] {
  const lines = written.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** Whether a line of the page says of a fault, and of one form among others, what was found of it. */
function holds([fault, forms = '', ...line]: readonly string[], row: readonly string[]): boolean {
  const [itsFault, form = '', ...cells] = row;
  return fault === itsFault && forms.split('; ').includes(form) && line.join('|') === cells.join('|');
}

function cellsOf({ fault, form, restore, signs, verdict }: Row): readonly string[] {
  return [fault, form, restore, ...signs, verdict];
}

/** As prettier aligns it. Forms of backup with the same result share a row, and all rows of a fault stand together. */
function tableOf(checks: readonly string[], rows: readonly Row[]): string {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.fault, row.restore, row.signs, row.verdict]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? row : { ...known, form: `${known.form}; ${row.form}` });
  }
  const faults = [...new Set(rows.map(({ fault }) => fault))];
  const together = faults.flatMap((name) => [...merged.values()].filter(({ fault }) => fault === name));
  const lines = [['Fault', 'Backup', 'Restore', ...checks.map((id) => `\`${id}\``), 'Drill'], ...together.map(cellsOf)];
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0), 3));
  const written = lines.map((line) => `| ${line.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n').concat('\n');
}

import { join, resolve } from 'node:path';

import { judgePattern, patternOf, reversed, vacuous } from './check-findings.ts';
import { isConstantQuery } from './constant-query.ts';
import { type Finding, type FindingCode, atValue, quoted } from './finding.ts';
import { isBelow } from './is-below.ts';
import { judgeFiles } from './judge-files.ts';
import { judgeProgram } from './judge-program.ts';
import type { SoundCheck, SoundRunbook } from './sound-runbook.ts';
import type { WrittenCheck } from './written-checks.ts';
import type { WrittenRestore } from './written-restore.ts';

type Written<K extends WrittenCheck['kind']> = Extract<WrittenCheck, { kind: K }>;

interface Judged<K extends WrittenCheck['kind']> extends Omit<SoundCheck, 'check'> {
  readonly check: Written<K>;
}

/** What is said of each check: it could fail, and what it expects makes sense. */
export function judgeChecks(runbook: SoundRunbook, folder: string): readonly Finding[] {
  return runbook.checks.flatMap(({ check, ...rest }) => {
    switch (check.kind) {
      case 'sql':
        return judgeSql({ check, ...rest });
      case 'row-counts':
        return judgeRowCounts({ check, ...rest });
      case 'freshness':
      case 'references':
        return isConstantQuery(check.query) ? [vacuous(rest.index, ['query'], 'the query reads no table')] : [];
      case 'manifest':
        return judgeManifest(check, { index: rest.index, folder, source: folderOf(runbook.restore.get(check.of)) });
      case 'files':
        return judgeFiles(rest.index, check);
      case 'http':
      case 'command':
        return judgeProgram(rest.index, check);
      default:
        return [];
    }
  });
}

function judgeSql({ index, check, claim }: Judged<'sql'>): readonly Finding[] {
  const { query, over, expect } = check;
  const findings: Finding[] = [];
  if (check.integrity !== undefined && isConstantQuery(query)) {
    findings.push(vacuous(index, ['query'], 'the query reads no table'));
  }
  if (over !== undefined) findings.push(...judgePopulation(index, over));
  if (acceptsNothing(expect) && claim['over'] === undefined) {
    findings.push({
      code: 'no-population',
      at: atValue('checks', index, 'expect'),
      message: `'checks[${index}].expect' accepts zero or nothing, which an empty table gives too`,
      hint: "Add 'over: TABLE', whose rows are looked at; the check fails when there are none.",
    });
  }
  return [...findings, ...judgeExpectation(index, expect)];
}

function judgePopulation(index: number, over: string): readonly Finding[] {
  const trimmed = over.trim();
  if (/^\(.*\)$/s.test(trimmed)) {
    return isConstantQuery(trimmed.slice(1, -1)) ? [vacuous(index, ['over'], 'the population reads no table')] : [];
  }
  if (!/[\s;]/.test(trimmed.replaceAll(/"[^"]*"/g, ''))) return [];
  return [
    {
      code: 'bad-name',
      at: atValue('checks', index, 'over'),
      message: `'checks[${index}].over' is ${quoted(trimmed)}, but must be a table or a query in parentheses`,
      hint: 'Write a table, for example orders, or a query such as (select 1 from orders where paid).',
    },
  ];
}

function judgeExpectation(index: number, expect: Written<'sql'>['expect']): readonly Finding[] {
  const { atLeast, between, matches } = expect;
  if (atLeast !== undefined && atLeast <= 0) {
    return [vacuous(index, ['expect', 'atLeast'], 'no count lies below it')];
  }
  if (between && between[0] > between[1]) return [reversed(index, ['expect', 'between'], between)];
  return matches === undefined ? [] : judgePattern(index, matches);
}

/** Whether what a query gives on an empty table would do. */
function acceptsNothing({ equals, atMost, between, matches, empty }: Written<'sql'>['expect']): boolean {
  if (equals !== undefined) return [0, '0', false, ''].includes(equals);
  if (matches !== undefined) return patternOf(matches)?.test('') ?? false;
  if (between) return between[0] <= 0 && between[1] >= 0;
  return empty === true || (atMost !== undefined && atMost >= 0);
}

function judgeRowCounts({ index, check }: Judged<'row-counts'>): readonly Finding[] {
  const bounds = Object.entries(check.tables).map(([table, bound]) =>
    typeof bound === 'number' ? { table, atLeast: bound, atMost: bound } : { table, atLeast: 1, ...bound },
  );
  const findings = bounds
    .filter(({ atLeast, atMost }) => atMost !== undefined && atLeast > atMost)
    .map(({ table, atLeast, atMost }) => reversed(index, ['tables', table], [atLeast, atMost!]));
  if (bounds.some(({ atLeast }) => atLeast > 0)) return findings;
  return [...findings, vacuous(index, ['tables'], 'every table in it may be empty')];
}

function folderOf(resource: WrittenRestore | undefined): string | undefined {
  return resource === undefined || resource.kind === 'rds' || resource.repository ? undefined : resource.source;
}

function judgeManifest(
  { file }: Written<'manifest'>,
  { index, folder, source }: { index: number; folder: string; source: string | undefined },
): readonly Finding[] {
  if (file === undefined) return [];
  const homes = [folder, ...(source === undefined ? [] : [resolve(folder, source)])];
  const complain = (message: string, hint: string): Finding[] => [
    { code: 'bad-path' satisfies FindingCode, at: atValue('checks', index, 'file'), message, hint },
  ];
  const placeholder = file.replaceAll('{recoveryPoint}', '').match(/\{[^}]*\}/)?.[0];
  if (placeholder !== undefined) {
    const message = `'checks[${index}].file' holds ${quoted(placeholder)}, which stands for nothing`;
    return complain(message, "The only placeholder is '{recoveryPoint}'.");
  }
  if (homes.some((home) => isBelow(home, resolve(folder, file)))) return [];
  return complain(
    `'checks[${index}].file' leads out of the runbook's folder and of the source`,
    `Write a path below one of them, for example ${join('manifests', '{recoveryPoint}.json')}.`,
  );
}

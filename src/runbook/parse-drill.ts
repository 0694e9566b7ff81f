import { dirname, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type WrittenDocument, readDocument } from './document.ts';
import type { Drill } from './drill.ts';
import { parseDuration } from './duration.ts';
import type { Finding } from './finding.ts';
import { judgeNotify } from './judge-notify.ts';
import { judgeSchedule } from './judge-schedule.ts';
import { must } from './must.ts';
import { normaliseNotify } from './normalise-notify.ts';
import { normaliseSchedule } from './normalise-schedule.ts';
import { normaliseObjectives } from './normalise.ts';
import type { RunbookText } from './parse-runbook.ts';
import { shapeOf } from './shape.ts';
import { toDiagnostics } from './to-diagnostics.ts';
import { type WrittenDrill, writtenDrill } from './written-drill.ts';
import { writtenNotify } from './written-notify.ts';
import { writtenSchedule } from './written-schedule.ts';

export type ParsedDrill =
  | { readonly kind: 'valid'; readonly drill: Drill; readonly document: WrittenDocument }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

export type DrillText = Omit<RunbookText, 'sandboxFolder'>;

const drillShape = shapeOf(writtenDrill);
const scheduleShape = shapeOf(writtenSchedule);
const notifyShape = shapeOf(writtenNotify);

/** A drill, or everything that is wrong with its text. Its runbooks are not looked at. Never throws. */
export function parseDrill({ text, file, shownAs }: DrillText): ParsedDrill {
  const document = readDocument(text);
  const { value } = document;
  const findings = [
    ...document.findings,
    ...(value === undefined ? [] : [...drillShape.findings(value), ...judgeDrill(value)]),
  ];
  if (findings.length > 0) {
    return {
      kind: 'invalid',
      diagnostics: toDiagnostics({ kind: 'drill', file: shownAs ?? file, document, findings }),
    };
  }
  return { kind: 'valid', document, drill: normaliseDrill(value as WrittenDrill, resolve(file)) };
}

/** What a schema cannot say, of the parts that have the right form. */
function judgeDrill(value: unknown): readonly Finding[] {
  if (typeof value !== 'object' || value === null) return [];
  const { schedule, notify } = value as { readonly schedule?: unknown; readonly notify?: unknown };
  const soundSchedule = schedule === undefined ? undefined : scheduleShape.sound(schedule);
  const soundNotify = notify === undefined ? undefined : notifyShape.sound(notify);
  return [...(soundSchedule ? judgeSchedule(soundSchedule) : []), ...judgeNotify(soundNotify ?? [])];
}

function normaliseDrill(written: WrittenDrill, path: string): Drill {
  const { runbook, runbooks, recoveryPoint, schedule } = written;
  const folder = dirname(path);
  const named = runbooks ?? (runbook === undefined ? [] : [runbook]);
  return {
    name: written.drill,
    file: path,
    runbooks: named.map((one) => resolve(folder, one)),
    objectives: normaliseObjectives(written.objectives),
    ...(recoveryPoint && { recoveryPoint: normaliseOverride(recoveryPoint) }),
    concurrency: written.concurrency ?? 1,
    ...(schedule && { schedule: normaliseSchedule(schedule) }),
    notify: normaliseNotify(written.notify ?? [], folder),
  };
}

function normaliseOverride({
  pick,
  within,
}: NonNullable<WrittenDrill['recoveryPoint']>): NonNullable<Drill['recoveryPoint']> {
  return {
    ...(pick !== undefined && { pick: { kind: pick } }),
    ...(within !== undefined && { within: must(parseDuration(within), within) }),
  };
}

import { createLogUpdate } from 'log-update';
import type { DrillEvent } from '../drill/events.ts';
import type { EngineObserver } from '../engine/ports.ts';
import { describeEvent } from '../report/describe-event.ts';
import { formatBytes } from '../report/format.ts';
import type { CommandIo } from './io.ts';

export interface ProgressPrinter {
  event(event: DrillEvent): void;
  progress: EngineObserver['progress'];
  /** Takes the live lines away. */
  end(): void;
}

interface Live {
  readonly detail: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly since: number;
  readonly bytesAtFirst: number;
}

/** Tells on stderr what a drill is doing: one plain line a fact, and on a terminal live lines below them. */
export function progressPrinter(io: CommandIo): ProgressPrinter {
  const live = new Map<string, Live>();
  const draw = io.isTerminal ? createLogUpdate(process.stderr, { showCursor: true }) : undefined;
  const redraw = () => draw?.([...live].map(([step, one]) => lineOf(step, one)).join('\n'));
  return {
    event(event) {
      if ('step' in event && event.type !== 'step-started' && event.type !== 'resource-created')
        live.delete(event.step);
      const line = describeEvent(event);
      if (line === undefined) return;
      draw?.clear();
      io.stderr(`${line}\n`);
      redraw();
    },
    progress({ step, ...now }) {
      const before = live.get(step);
      const first = { since: performance.now(), bytesAtFirst: now.bytesDone ?? 0 };
      live.set(step, { ...(before?.detail === now.detail ? before : first), ...now });
      redraw();
    },
    end() {
      draw?.clear();
    },
  };
}

function lineOf(step: string, { detail, bytesDone, bytesTotal, since, bytesAtFirst }: Live): string {
  if (bytesDone === undefined) return `  ${step}: ${detail}`;
  const seconds = (performance.now() - since) / 1_000;
  const rate = seconds > 0.5 ? `, ${formatBytes((bytesDone - bytesAtFirst) / seconds)}/s` : '';
  const of = bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`;
  return `  ${step}: ${detail}, ${formatBytes(bytesDone)}${of}${rate}`;
}

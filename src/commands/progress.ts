import { createLogUpdate } from 'log-update';
import type { DrillEvent } from '../drill/events.ts';
import type { EngineObserver } from '../engine/ports.ts';
import { describeEvent } from '../report/describe-event.ts';
import { type Seen, progressInWords } from '../report/progress-words.ts';
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
  /** When a plain line of it was last told, or it was first seen. */
  readonly toldAt: number;
}

/** Without a terminal, work that goes on is told of this often (ms). */
const TELL_EVERY = 30_000;

/**
 * Tells on stderr what a drill is doing: one plain line a fact, and of long work live lines below
 * them on a terminal, else a line now and then.
 */
export function progressPrinter(io: CommandIo): ProgressPrinter {
  const live = new Map<string, Live>();
  const draw = io.isTerminal ? createLogUpdate(process.stderr, { showCursor: true }) : undefined;
  const redraw = () => draw?.([...live].map(([step, one]) => `  ${progressInWords(step, seen(one))}`).join('\n'));
  const tellNowAndThen = (step: string, one: Live) => {
    if (performance.now() - one.toldAt < TELL_EVERY) return one;
    io.stderr(`${progressInWords(step, seen(one))}\n`);
    return { ...one, toldAt: performance.now() };
  };
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
      const at = performance.now();
      const first = { since: at, bytesAtFirst: now.bytesDone ?? 0, toldAt: before?.toldAt ?? at };
      const one = { ...(before?.detail === now.detail ? before : first), ...now };
      live.set(step, draw ? one : tellNowAndThen(step, one));
      redraw();
    },
    end() {
      draw?.clear();
    },
  };
}

function seen({ since, ...live }: Live): Seen {
  return { ...live, seconds: (performance.now() - since) / 1_000 };
}

import type { ListOrigin, RecordedManifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { DrillEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import type { Journal } from '../journal/journal.ts';
import type { Probe } from '../probe/probe.ts';
import type { Provider } from '../providers/provider.ts';
import type { Clock } from '../support/clock.ts';

/** Everything an engine needs of the world. */
export interface EnginePorts {
  readonly journal: Journal;
  readonly provider: Provider;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly sha256Hex: (text: string) => string;
  /** Names the machine's present boot, for comparing monotonic times. */
  readonly bootId: string;
  /** How many drills have drawn each recovery point of a source before, by id. */
  readonly timesDrawn: (source: string) => Promise<Readonly<Record<string, number>>>;
  /** @param origin what its place tells of a list of checksums, which does not say of what moment it is */
  readonly readManifest: (file: string, origin?: ListOrigin) => Promise<RecordedManifest | Problem>;
  readonly observer: EngineObserver;
}

/** Looks on; nothing that it does changes a drill. */
export interface EngineObserver {
  event(event: DrillEvent, state: DrillState): void;
  progress(progress: { step: string; detail: string; bytesDone?: number; bytesTotal?: number }): void;
}

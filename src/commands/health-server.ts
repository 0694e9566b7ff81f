import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Problem } from '../diagnostics/problem.ts';
import { lastVerifiedOf } from '../history/coverage.ts';
import { metricsOf } from '../publish/metrics.ts';
import { PROMETHEUS_CONTENT_TYPE, type RunbookFigures, prometheusText } from '../publish/prometheus.ts';
import { buildReport } from '../report/build-report.ts';
import type { Timetable } from '../schedule/decide.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { systemClock } from '../support/clock.ts';
import { type Instant, millisBetween } from '../support/time.ts';
import { findDrillFolder } from './drill-folder.ts';
import { openHistory } from './drill-history.ts';
import { firesOf } from './list-fires.ts';
import type { ReportsPlace } from './reports-place.ts';
import type { ScheduledDrillFile } from './scheduled-drills.ts';
import { version } from './version.ts';

/** Where to listen. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

export interface HealthServer {
  readonly state: { readonly port: number } | Problem;
  /** Says that it was looked what is due. */
  looked(at: Instant): void;
  close(): Promise<void>;
}

export interface Watched {
  readonly drills: readonly ScheduledDrillFile[];
  readonly reports: ReportsPlace;
  readonly scheduler: Scheduler;
  readonly timetable: Timetable;
}

/** A scheduler that has not looked for so long is not well; it looks every ten seconds. */
const WELL_FOR = 120_000;

/** Serves `/healthz` (200 while the schedule is kept, else 503) and `/metrics`, to whoever reaches the address. Reads only. */
export async function serveHealth(listen: Listening, watched: Watched): Promise<HealthServer> {
  const looked: { at: Instant } = { at: systemClock.now() };
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', { ...watched, lookedAt: looked.at }).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, type: 'text/plain', text: 'the drills cannot be read\n' }),
    );
  });
  const state = await listening(server, listen);
  return {
    state,
    looked: (at) => {
      looked.at = at;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function listening(server: Server, { host, port }: Listening): Promise<HealthServer['state']> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(cannotListen(`${host}:${port}`, error)));
    server.listen(port, host, () => resolve({ port: (server.address() as AddressInfo).port }));
  });
}

function cannotListen(address: string, error: Error): Problem {
  return {
    code: 'schedule/cannot-listen',
    message: `'${address}' cannot be listened on: ${'code' in error ? String(error.code) : error.message}`,
    hint: 'Name another address with --listen, or leave it out.',
    blames: 'environment',
  };
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function send(response: ServerResponse, { status, type, text }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

async function answer(url: string, watched: Watched & { readonly lookedAt: Instant }): Promise<Reply> {
  const [path] = url.split('?');
  if (path === '/healthz') return health(watched);
  if (path === '/metrics') return { status: 200, type: PROMETHEUS_CONTENT_TYPE, text: await metrics(watched) };
  return { status: 404, type: 'text/plain', text: 'there are /healthz and /metrics\n' };
}

function health({ drills, scheduler, timetable, lookedAt }: Watched & { readonly lookedAt: Instant }): Reply {
  const now = systemClock.now();
  const isWell = millisBetween(lookedAt, now) <= WELL_FOR;
  const next = drills.map((one) => ({ drill: one.drill.name, next: firesOf(one, now, timetable)[0] ?? null }));
  const body = { status: isWell ? 'ok' : 'stuck', lookedAt, underWay: scheduler.underWay(), drills: next };
  return { status: isWell ? 200 : 503, type: 'application/json', text: `${JSON.stringify(body)}\n` };
}

/** The last finished drill of each scheduled runbook; of a bucket, as far as this machine has copies. */
async function metrics({ drills, reports }: Watched): Promise<string> {
  const { drills: past } = await openHistory(reports.folder);
  const now = systemClock.now();
  const runbooks = new Map(drills.flatMap((one) => one.runbooks).map((runbook) => [runbook.name, runbook]));
  const figures = await Promise.all(
    [...runbooks.values()].map(async (runbook): Promise<RunbookFigures> => {
      const last = past.findLast((drill) => drill.runbook === runbook.name && drill.finished);
      const verifiedAt = lastVerifiedOf(runbook, past, now);
      return {
        runbook: runbook.name,
        figures: last === undefined ? [] : await figuresOf(reports, last.folder),
        ...(verifiedAt !== undefined && { verifiedAt }),
      };
    }),
  );
  return prometheusText(figures, { now, version: version() });
}

async function figuresOf(reports: ReportsPlace, drillId: string): Promise<RunbookFigures['figures']> {
  const found = await findDrillFolder(reports.folder, drillId);
  return 'code' in found ? [] : metricsOf(buildReport(found.text.events, { tool: version() }), undefined);
}

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../src/catalog/recovery-point.ts';
import { selectRecoveryPoint } from '../../src/catalog/selection.ts';
import type { CheckContext, Judgement } from '../../src/checks/check.ts';
import { judgeCheck, prepareCheck } from '../../src/checks/check-kinds.ts';
import type { RecordedManifest } from '../../src/checks/manifest-format.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { ProblemError } from '../../src/diagnostics/problem-error.ts';
import { type Verdict, verdictOf } from '../../src/drill/verdict.ts';
import { localProbe } from '../../src/probe/local/local-probe.ts';
import { localLister } from '../../src/providers/local/list-recovery-points.ts';
import type { WorkerRequest } from '../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../src/providers/provider.ts';
import type { LocalEndpoint } from '../../src/providers/resource.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { LocalRestore } from '../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { startWorker } from '../providers/local/postgres/worker.ts';
import { aJournal } from '../support/journal-builder.ts';
import { aRunbook } from '../support/runbook-builder.ts';

const STARTED_AT = '2026-11-20T03:00:00.000Z';
const PATIENCE = 60_000;

/** What became of one backup, as a drill would have it. */
export interface Found {
  /** Why it was not restored, or not even drawn. */
  readonly refused?: Problem;
  /** By the id of the check; empty where nothing was restored. */
  readonly judgements: Readonly<Record<string, Judgement>>;
  readonly verdict: Verdict;
}

/** A restored recovery point, for as long as it is looked at. */
export interface Opened {
  readonly point: RecoveryPoint;
  readonly endpoint: LocalEndpoint;
  readonly context: CheckContext;
}

const probe = localProbe({ readSecret: () => Promise.reject(new Error('no secret is asked for')) });

/** A folder of the tests' own in which servers may run that are not the tests' user. */
export async function openLab(): Promise<string> {
  const lab = await mkdtemp(join(tmpdir(), 'drillbook-faults-'));
  await chmod(lab, 0o755);
  await mkdir(join(lab, 'drills'), { mode: 0o755 });
  return lab;
}

/** What to look for in what was restored. */
export interface Inspection {
  readonly checks: readonly CheckSpec[];
  readonly manifest?: RecordedManifest;
}

/** Restores one recovery point by the real worker, and has the checks look at it, by the ways of the product alone. */
export async function tryOut(lab: string, spec: LocalRestore, inspection: Inspection): Promise<Found> {
  const [found] = await tryOutEach(lab, spec, [inspection]);
  if (found === undefined) throw new Error('one inspection has one end');
  return found;
}

/** The same with several inspections of one restore, each as if it were the only one of its drill. */
export async function tryOutEach(
  lab: string,
  spec: LocalRestore,
  inspections: readonly Inspection[],
): Promise<readonly Found[]> {
  const end = await opened(lab, spec, async ({ endpoint, context }) => {
    const found: Found[] = [];
    for (const { checks, manifest } of inspections) {
      const judgements: Record<string, Judgement> = {};
      const known = manifest === undefined ? context : { ...context, manifest };
      for (const check of checks) judgements[check.id] = await judged(check, endpoint, known);
      found.push({ judgements, verdict: verdictOn(spec, checks, { judgements }) });
    }
    return found;
  });
  if (end.kind === 'restored') return end.value;
  const { problem } = end;
  return inspections.map(({ checks }) => ({
    refused: problem,
    judgements: {},
    verdict: verdictOn(spec, checks, { problem }),
  }));
}

/** What a restored recovery point holds, read by the product's own probe. */
export async function observed<T>(lab: string, spec: LocalRestore, use: (opened: Opened) => Promise<T>): Promise<T> {
  const end = await opened(lab, spec, use);
  if (end.kind === 'refused') throw new Error(JSON.stringify(end.problem));
  return end.value;
}

/** Looks at a restored resource in-process, as a drill on this machine does. */
export function look(endpoint: LocalEndpoint, request: Parameters<typeof probe.observe>[1]) {
  return probe.observe(endpoint, request, AbortSignal.timeout(PATIENCE));
}

async function judged(check: CheckSpec, endpoint: LocalEndpoint, context: CheckContext): Promise<Judgement> {
  const request = prepareCheck(check, context);
  if ('outcome' in request) return request;
  return judgeCheck(check, await look(endpoint, request), context);
}

type End<T> =
  { readonly kind: 'restored'; readonly value: T } | { readonly kind: 'refused'; readonly problem: Problem };

async function opened<T>(lab: string, spec: LocalRestore, use: (opened: Opened) => Promise<T>): Promise<End<T>> {
  const listing = await listed(spec);
  if ('problem' in listing) return { kind: 'refused', problem: listing.problem };
  const selection = selectRecoveryPoint({ spec, listing, seed: '1', startedAt: STARTED_AT, timesDrawn: {}, sha256Hex });
  if (selection.kind === 'none') return { kind: 'refused', problem: selection.problem };
  const { point } = selection;
  const folder = await mkdtemp(join(lab, 'drills', 'r-'));
  await chmod(folder, 0o711);
  await writeFile(join(folder, 'request.json'), JSON.stringify(requestOf(spec, point, folder)));
  const worker = startWorker(folder);
  try {
    const state: ResourceState = await worker.settled();
    if (state.kind === 'failed') return { kind: 'refused', problem: state.problem };
    if (state.kind !== 'ready' || !state.endpoint || state.endpoint.kind === 'rds' || !state.facts) {
      throw new Error(JSON.stringify(state));
    }
    const context = { restored: state.facts.moment, capturedAt: point.capturedAt };
    return { kind: 'restored', value: await use({ point, endpoint: state.endpoint, context }) };
  } finally {
    await worker.end();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A source of which nothing can be listed has no recovery point to be drawn. */
async function listed(spec: LocalRestore): Promise<RecoveryPointListing | { readonly problem: Problem }> {
  try {
    return await localLister(process.env)(spec, AbortSignal.timeout(PATIENCE));
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error.problem };
    throw error;
  }
}

function requestOf(spec: LocalRestore, point: RecoveryPoint, folder: string): WorkerRequest {
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const sandbox = { provider: 'local', expiresAt, minimumIsolation: 'L0', folder } as const;
  const drill = { drillId: 'd-1', startedAt: STARTED_AT, sandbox, sources: [] };
  return { request: { kind: 'restore', token: 'token-1', spec, point, drill }, level: 'L0' };
}

/** The verdict of a drill in which all else went well. */
function verdictOn(
  spec: LocalRestore,
  checks: readonly CheckSpec[],
  end: { readonly problem: Problem } | Pick<Found, 'judgements'>,
): Verdict {
  const journal = aJournal(aRunbook([spec], { checks, objectives: {} }))
    .started()
    .planned()
    .sandboxed();
  if ('problem' in end) journal.restoreFailed(end.problem, spec.name);
  else journal.restored(spec.name).checked(end.judgements);
  return verdictOf(journal.tornDown().finished().events).verdict;
}

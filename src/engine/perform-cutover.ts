import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import type { DnsSwitch, ResolvedRecord } from '../providers/dns-cutover.ts';
import type { RdsEndpoint } from '../providers/resource.ts';
import type { CutoverSpec } from '../runbook/runbook.ts';
import type { Millis } from '../support/time.ts';
import { deadlineOf, deadlinePassed } from './deadline.ts';
import { awaitReady } from './perform-restore.ts';
import { type Performance, planOf, planStep, resourceOfStep } from './performance.ts';

/**
 * Switches the records in the copy, waits until the switch is in effect everywhere, and resolves them from inside the
 * sandbox until they lead to what was restored. Done again from the beginning by an engine that resumes.
 */
export async function performCutover(
  command: Extract<Command, { kind: 'cut-over' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { step } = command;
  const { ports, state, signal } = performance;
  const planned = planStep(state, step);
  if (planned.kind !== 'cutover') throw new Error(`'${step}' switches nothing`);
  try {
    const evidence = await cutOver(planned.cutover, step, performance);
    return [{ type: 'cutover-done', step, evidence }];
  } catch (error) {
    if (signal.aborted) return [];
    return [{ type: 'step-failed', step, problem: ports.provider.classify(error).problem }];
  }
}

async function cutOver(cutover: CutoverSpec, step: string, performance: Performance) {
  const { ports, state, signal } = performance;
  const { dns } = ports.provider;
  if (dns === undefined) throw new Error('a cutover where there is no DNS');
  const targets = await endpointsOf(cutover, step, performance);
  const request = {
    drillId: planOf(state).drillId,
    copy: resourceOfStep(state, 'zone'),
    zone: cutover.zone,
    switches: targets.map(({ name, endpoint }) => ({ name, address: endpoint.address })),
  };
  const made = await dns.switchRecords(request, signal);
  const inSync = await untilSeen(async () => ((await dns.isInSync(made, signal)) ? [] : undefined), {
    step,
    detail: 'Route 53 tells its name servers of the switch',
    performance,
  });
  const resolved = await untilSeen(async () => resolveAll(targets, made, performance), {
    step,
    detail: 'the records do not lead to what was restored yet',
    performance,
  });
  return {
    made,
    inSyncTook: inSync.took,
    resolveTook: resolved.took,
    error: inSync.pause + resolved.pause,
    resolved: resolved.seen,
  };
}

/** A record, and the endpoint that it is to lead to. */
interface Target {
  readonly name: string;
  readonly endpoint: RdsEndpoint;
}

async function endpointsOf(
  { records }: CutoverSpec,
  step: string,
  performance: Performance,
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const { name, to } of records) {
    const { endpoint } = await awaitReady(resourceOfStep(performance.state, `restore:${to}`), step, performance);
    if (endpoint?.kind !== 'rds') throw new Error(`'${to}' has no name that DNS could lead to`);
    targets.push({ name, endpoint });
  }
  return targets;
}

/** What all records resolve to; `undefined` while one of them does not lead to what was restored. */
async function resolveAll(
  targets: readonly Target[],
  made: DnsSwitch,
  { ports, signal }: Performance,
): Promise<readonly ResolvedRecord[] | undefined> {
  const resolved: ResolvedRecord[] = [];
  for (const { name, endpoint } of targets) {
    const observation = await ports.probe.observe(endpoint, { kind: 'dns', name }, signal);
    signal.throwIfAborted();
    if (observation.kind === 'unobservable') throw new ProblemError(observation.problem);
    if (observation.kind !== 'dns') throw new Error('an observation of something else than a name');
    const { names, addresses } = observation;
    const type = made.switched.find((one) => one.name === name)?.type;
    const leadsTo = type === 'A' ? addresses : names;
    if (addresses.length === 0 || !leadsTo.includes(endpoint.address.toLowerCase())) return undefined;
    resolved.push({ name, names, addresses });
  }
  return resolved;
}

interface Waiting {
  readonly step: string;
  readonly detail: string;
  readonly performance: Performance;
}

/**
 * Looks until something is seen.
 *
 * @returns what was seen, how long it took, and the pause before the look that saw it, which is the figure's error
 * @throws ProblemError when the step's deadline has passed
 */
async function untilSeen<T>(
  look: () => Promise<T | undefined>,
  { step, detail, performance: { ports, state, signal } }: Waiting,
): Promise<{ readonly seen: T; readonly took: Millis; readonly pause: Millis }> {
  const { clock, observer, provider } = ports;
  const since = clock.monotonic();
  const deadline = deadlineOf(state, step);
  for (let pause: Millis = 0; ;) {
    const seen = await look();
    if (seen !== undefined) return { seen, took: clock.monotonic() - since, pause };
    if (clock.now() >= deadline) throw new ProblemError(tooLate(step, deadline, detail));
    observer.progress({ step, detail });
    pause = provider.properties.pollInterval(clock.monotonic() - since);
    await clock.sleep(pause, signal);
    signal.throwIfAborted();
  }
}

function tooLate(step: string, deadline: string, detail: string): Problem {
  const { message, ...problem } = deadlinePassed(step, deadline);
  return { ...problem, message: `${message}: ${detail}` };
}

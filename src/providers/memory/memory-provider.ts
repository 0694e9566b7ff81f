import type { Problem } from '../../diagnostics/problem.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { type DescribedResource, type Mark, proofText, refusalToRemove } from '../../drill/guard.ts';
import type { Clock } from '../../support/clock.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import { type Instant, addMillis, millisBetween } from '../../support/time.ts';
import type { Failure, MarkedResource, Provider, RemovalPermit, ResourceState, StartRequest } from '../provider.ts';
import type { IsolationEvidence, Resource } from '../resource.ts';
import type { MemoryThing, MemoryWorld } from './memory-world.ts';

const POLL_INTERVAL = 250;

/** A whole provider on a world in memory: it keeps every promise of the port, and any call can be made to fail. */
export function memoryProvider(world: MemoryWorld, clock: Clock): Provider {
  async function disturbed<T>(call: string, signal: AbortSignal, effect: () => T): Promise<T> {
    // Real calls never answer in the turn that makes them.
    await Promise.resolve();
    if (signal.aborted) throw new MemoryFault('transient', call);
    const fault = world.faultOf(call);
    if (fault.kind === 'refused') throw new MemoryFault(fault.class, call);
    const answer = effect();
    if (fault.kind === 'lost-answer') throw new MemoryFault('transient', call);
    return answer;
  }
  return {
    kind: 'memory',
    properties: { absenceGrace: world.listedAfter + POLL_INTERVAL, pollInterval: () => POLL_INTERVAL },
    listRecoveryPoints: async (spec, signal) =>
      disturbed('listRecoveryPoints', signal, () => world.listings.get(spec.source) ?? { points: [], unusable: [] }),
    preflight: async (_plan, signal) => disturbed('preflight', signal, () => world.preflight),
    start: async (request, signal) => disturbed('start', signal, () => start(world, request, clock.now())),
    look: async (resources, signal) =>
      disturbed('look', signal, () => resources.map(({ id }) => stateOf(world, id, clock.now()))),
    proveIsolation: async (_sandbox, _restored, signal) => disturbed('proveIsolation', signal, () => evidenceOf(world)),
    startRemoval: async (resource, permit, signal) =>
      disturbed('startRemoval', signal, () => startRemoval(world, resource, permit, clock.now())),
    listMarked: async ({ drillId }, signal) =>
      disturbed('listMarked', signal, () => listMarked(world, drillId, clock.now())),
    classify,
  };
}

class MemoryFault extends Error {
  readonly class: Failure['class'];

  constructor(failureClass: Failure['class'], call: string) {
    super(`'${call}' failed`);
    this.class = failureClass;
  }
}

function classify(error: unknown): Failure {
  if (error instanceof ProblemError) return { class: 'denied', problem: error.problem };
  if (!(error instanceof MemoryFault)) throw error;
  const problem: Problem = {
    code: `memory/${error.class}`,
    message: `the memory provider was told to fail: ${error.message}`,
    hint: 'Look at the faults of the world it runs on.',
    blames: 'environment',
  };
  return { class: error.class, problem };
}

function start(world: MemoryWorld, request: StartRequest, now: Instant): Resource {
  const id = `${world.account}:${request.token}`;
  const name = request.kind === 'restore' ? request.spec.name : request.kind;
  const resource: Resource = { provider: 'memory', type: request.kind, id, name, token: request.token };
  const existing = world.things.get(id);
  if (existing) {
    if (isDead(existing, now)) revive(existing, now);
    else if (isStaged(existing, now)) beginNextStage(existing, now);
    return resource;
  }
  const course = request.kind !== 'restore' ? { takes: 0, end: 'ready' as const, deaths: 0 } : world.courseOf(name);
  const mark: Mark = {
    drillId: request.drill.drillId,
    expiresAt: request.drill.sandbox.expiresAt,
    proof: proofOf(world, resource, request.drill.drillId),
  };
  world.effects.push({ kind: 'created', id });
  world.things.set(id, {
    resource,
    mark,
    createdAt: now,
    course,
    startedAt: now,
    deathsLeft: course.deaths,
    stagesLeft: course.stages ?? 0,
    finishedCopies: 0,
  });
  return resource;
}

/** The proof that this world's things of that drill carry. */
function proofOf(world: MemoryWorld, resource: Resource, drillId: string): string {
  const { type, token, id } = resource;
  return sha256Hex(proofText({ drillId, kind: type, name: token, account: world.account, region: id }));
}

function isDead(thing: MemoryThing, now: Instant): boolean {
  return thing.deathsLeft > 0 && millisBetween(thing.startedAt, now) >= thing.course.takes / 2;
}

function revive(thing: MemoryThing, now: Instant): void {
  thing.deathsLeft -= 1;
  thing.startedAt = now;
}

function isStaged(thing: MemoryThing, now: Instant): boolean {
  return thing.stagesLeft > 0 && millisBetween(thing.startedAt, now) >= thing.course.takes;
}

function beginNextStage(thing: MemoryThing, now: Instant): void {
  thing.stagesLeft -= 1;
  thing.startedAt = now;
}

function stateOf(world: MemoryWorld, id: string, now: Instant): ResourceState {
  const thing = world.things.get(id);
  if (thing === undefined || isGone(world, thing, now)) return { kind: 'gone' };
  if (isDead(thing, now)) return { kind: 'lost', because: 'the work died' };
  if (thing.course.end === 'stuck' || millisBetween(thing.startedAt, now) < thing.course.takes) {
    return { kind: 'pending', detail: 'restoring' };
  }
  if (isStaged(thing, now)) return { kind: 'staged', stage: `${thing.stagesLeft} to go` };
  if (thing.course.end === 'failed') return { kind: 'failed', problem: badBackup(thing.resource.name) };
  if (thing.resource.type !== 'restore') return { kind: 'ready' };
  thing.finishedCopies = Math.max(1, thing.finishedCopies);
  const endpoint = { kind: 'postgres', host: id, port: 5432, superuser: 'postgres', credentialsFile: '' } as const;
  return { kind: 'ready', endpoint, facts: world.factsOf(thing.resource.name, 'drawn') };
}

/** A removal that is due is done at the first look that could see it. */
function isGone(world: MemoryWorld, thing: MemoryThing, now: Instant): boolean {
  if (thing.goneAt === undefined || thing.goneAt > now || world.unremovable.has(thing.resource.id)) return false;
  world.things.delete(thing.resource.id);
  return true;
}

function startRemoval(world: MemoryWorld, resource: Resource, permit: RemovalPermit, now: Instant): void {
  const thing = world.things.get(resource.id);
  if (thing === undefined) return;
  const described: DescribedResource = {
    resource: thing.resource,
    ...(thing.mark && { mark: thing.mark }),
    expectedProof: proofOf(world, thing.resource, thing.mark?.drillId ?? ''),
    createdAt: thing.createdAt,
    isSource: false,
  };
  const refusal = refusalToRemove(described, permit);
  if (refusal) throw new ProblemError(refusal);
  world.effects.push({ kind: 'removal-started', id: resource.id });
  thing.goneAt ??= addMillis(now, world.removalTakes);
}

/** Only what carries a whole mark: something else may have inherited or copied our tags. */
function listMarked(world: MemoryWorld, drillId: string | undefined, now: Instant): readonly MarkedResource[] {
  return [...world.things.values()].flatMap((thing) => {
    const { resource, mark, createdAt } = thing;
    if (isGone(world, thing, now) || addMillis(createdAt, world.listedAfter) > now) return [];
    if (mark === undefined || mark.proof !== proofOf(world, resource, mark.drillId)) return [];
    if (drillId !== undefined && mark.drillId !== drillId) return [];
    return [{ resource, drillId: mark.drillId, expiresAt: mark.expiresAt }];
  });
}

function evidenceOf({ isolationHolds }: MemoryWorld): IsolationEvidence {
  const proof = { claim: 'nothing gets out', method: 'by construction', expected: 'no way out' };
  return {
    level: 'L2',
    proofs: [{ ...proof, observed: isolationHolds ? 'no way out' : 'a way out', holds: isolationHolds }],
  };
}

function badBackup(name: string): Problem {
  return {
    code: 'memory/bad-backup',
    message: `the recovery point of '${name}' cannot be restored`,
    hint: 'Take another backup.',
    blames: 'backup',
  };
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { objectivesOf } from '../../src/drill/objectives.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { STORIES } from '../support/drill-stories.ts';
import { A_PROBLEM, aJournal, aPassedDrill, aResource, aShop, provenIsolation } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';

const broken = { ...provenIsolation(), proofs: provenIsolation().proofs.map((proof) => ({ ...proof, holds: false })) };

function restoredShop(runbook = aShop()) {
  return aJournal(runbook).started().planned().sandboxed().restored();
}

describe('the verdict', () => {
  test('is passed when everything was done and held, in a sentence', () => {
    expect(verdictOf(aPassedDrill().events)).toEqual({
      verdict: 'passed',
      because: '1 recovery point was restored in isolation, all 2 required checks passed, and RTO and RPO were met.',
      failures: [],
      gaps: [],
      warnings: [],
    });
  });

  test.each([
    ['failed-damaged-table', 'failed', "table 'public.orders' holds 59,924 of 60,000 rows"],
    ['failed-objectives-missed', 'failed', 'The RTO was missed'],
    ['inconclusive-check-errored', 'inconclusive', 'could not be done'],
    ['inconclusive-not-restored', 'inconclusive', 'no PostgreSQL 15'],
    ['inconclusive-not-isolated', 'inconclusive', "level 'L1' is all"],
    ['interrupted-and-resumed', 'inconclusive', 'the controller was interrupted'],
    ['aborted', 'inconclusive', 'interrupted by SIGINT'],
    ['refused', 'inconclusive', 'The drill was refused'],
    ['killed', 'inconclusive', 'has not finished'],
    ['leaked', 'passed', 'restored in isolation'],
    ['kept', 'failed', 'contents match the manifest'],
  ])('of a drill that was %s is %s', (story, verdict, because) => {
    const judged = verdictOf(STORIES[story]?.() ?? []);
    expect(judged.verdict).toBe(verdict);
    expect(judged.because).toContain(because);
  });

  test('is failed when a recovery point is proven bad, and inconclusive when the environment failed', () => {
    const drill = (blames: 'backup' | 'environment') =>
      verdictOf(
        aJournal()
          .started()
          .planned()
          .sandboxed()
          .restoreFailed({ ...A_PROBLEM, blames })
          .tornDown()
          .finished().events,
      );
    expect(drill('backup').verdict).toBe('failed');
    expect(drill('environment').verdict).toBe('inconclusive');
  });

  test('is failed when a drill was refused since the recovery point it asks for is proven bad', () => {
    const refused = (blames: 'backup' | 'environment') =>
      verdictOf(
        aJournal()
          .started()
          .add({ type: 'drill-refused', problems: [{ ...A_PROBLEM, blames }] })
          .tornDown()
          .finished().events,
      );
    expect(refused('backup')).toMatchObject({ verdict: 'failed', failures: [A_PROBLEM.message] });
    expect(refused('environment').verdict).toBe('inconclusive');
  });

  test('is failed rather than inconclusive when both are so', () => {
    const judgements = {
      'orders-accepts-logins': { outcome: 'errored' },
      'orders-has-no-orphans': { outcome: 'failed' },
    } as const;
    const judged = verdictOf(restoredShop().checked(judgements).tornDown().finished().events);
    expect(judged.verdict).toBe('failed');
    expect(judged.gaps).not.toEqual([]);
  });

  test.each(['failed', 'errored', 'skipped'] as const)(
    'stays passed when a check that only warns %s, and lists it',
    (outcome) => {
      const extra = { ...(aShop().checks[1] as CheckSpec), id: 'extra', name: 'extra', severity: 'warn' } as const;
      const runbook = aShop({ checks: [...aShop().checks, extra] });
      const judged = verdictOf(restoredShop(runbook).checked({ extra: { outcome } }).tornDown().finished().events);
      expect(judged.verdict).toBe('passed');
      expect(judged.warnings).toHaveLength(1);
    },
  );

  test('is inconclusive when a resource has no integrity check that can fail the drill', () => {
    const checks = aShop().checks.map((check) =>
      check.purpose === 'integrity' ? { ...check, severity: 'warn' as const } : check,
    );
    const objectives = { rto: { target: 900_000, until: 'usable' as const } };
    const judged = verdictOf(restoredShop(aShop({ checks, objectives })).checked().tornDown().finished().events);
    expect(judged).toMatchObject({ verdict: 'inconclusive', gaps: ["no integrity check of 'orders' passed"] });
  });

  test('is inconclusive when a check of the runbook is not in the plan', () => {
    const journal = aJournal()
      .started()
      .planned((plan) => ({ ...plan, steps: plan.steps.filter(({ id }) => !id.endsWith('logins')) }));
    const judged = verdictOf(
      journal
        .sandboxed()
        .restored()
        .checked({ none: {} })
        .events.filter((event) => event.type !== 'check-judged' || event.step !== 'check:orders-accepts-logins'),
    );
    expect(judged.verdict).toBe('inconclusive');
  });

  test('is inconclusive when isolation was not proven again from the restored server', () => {
    const events = aPassedDrill().events.filter(
      (event) => event.type !== 'isolation-judged' || event.step !== 'connect:orders',
    );
    expect(verdictOf(events)).toMatchObject({
      verdict: 'inconclusive',
      gaps: ["'orders': isolation was not looked at"],
    });
  });

  test('keeps the first judgement of a check, whatever is journaled later', () => {
    const judgement = { outcome: 'passed', observed: '0', expected: '0' } as const;
    const journal = restoredShop().checked({ 'orders-has-no-orphans': { outcome: 'failed' } });
    const again = journal.add({ type: 'check-judged', step: 'check:orders-has-no-orphans', judgement });
    expect(verdictOf(again.tornDown().finished().events).verdict).toBe('failed');
  });

  test('counts an objective only when it has a target', () => {
    expect(verdictOf(aPassedDrill(aShop({ objectives: {} })).events)).toMatchObject({
      verdict: 'passed',
      because: expect.stringContaining('no objective was set') as string,
    });
  });

  test('of an empty journal is inconclusive', () => {
    expect(verdictOf([]).verdict).toBe('inconclusive');
  });
});

interface Tale {
  readonly resources: number;
  readonly before: 'proven' | 'broken' | 'too low' | 'nothing tried';
  readonly restores: readonly ('restored' | 'environment' | 'backup' | 'not begun')[];
  readonly connects: readonly ('proven' | 'broken' | 'missing')[];
  readonly checks: readonly {
    readonly outcome: 'passed' | 'failed' | 'errored' | 'skipped' | 'missing';
    readonly severity: 'fail' | 'warn';
  }[];
  readonly rto: number | undefined;
  readonly rpo: number | undefined;
  readonly clock: number;
  readonly resumed: boolean;
  readonly aborted: boolean;
  readonly end: 'finished' | 'leaked' | 'killed';
}

/** Mostly well, so that drills which pass are not rare. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 24, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const tale: fc.Arbitrary<Tale> = fc.integer({ min: 1, max: 3 }).chain((resources) => {
  const many = <T>(one: fc.Arbitrary<T>, count: number) => fc.array(one, { minLength: count, maxLength: count });
  return fc.record<Tale>({
    resources: fc.constant(resources),
    before: mostly<Tale['before']>('proven', 'broken', 'too low', 'nothing tried'),
    restores: many(mostly<Tale['restores'][number]>('restored', 'environment', 'backup', 'not begun'), resources),
    connects: many(mostly<Tale['connects'][number]>('proven', 'broken', 'missing'), resources),
    checks: many(
      fc.record({
        outcome: mostly<Tale['checks'][number]['outcome']>('passed', 'failed', 'errored', 'skipped', 'missing'),
        severity: mostly<'fail' | 'warn'>('fail', 'warn'),
      }),
      resources * 2,
    ),
    rto: mostly<number | undefined>(900_000, undefined, 10, 60_000),
    rpo: mostly<number | undefined>(3_600_000, undefined, 10),
    clock: mostly(0, -7_200_000, 7_200_000),
    resumed: mostly(false, true),
    aborted: mostly(false, true),
    end: mostly<Tale['end']>('finished', 'leaked', 'killed'),
  });
});

const EVIDENCE = {
  proven: provenIsolation(),
  broken,
  'too low': provenIsolation({ level: 'L1' }),
  'nothing tried': provenIsolation({ proofs: [] }),
};

function tell(told: Tale): readonly DrillEvent[] {
  const names = Array.from({ length: told.resources }, (_, n) => `db${n}`);
  const base = aRunbook(names.map((name) => aRestore(name)));
  const checks = base.checks.map((check, n) => ({ ...check, severity: told.checks[n]?.severity ?? 'fail' }));
  const objectives = {
    ...(told.rto !== undefined && { rto: { target: told.rto, until: 'verified' as const } }),
    ...(told.rpo !== undefined && { rpo: { target: told.rpo } }),
  };
  const journal = aJournal({ ...base, checks, objectives })
    .started()
    .planned()
    .sandboxed(EVIDENCE[told.before]);
  names.forEach((name, n) => {
    const restore = told.restores[n];
    if (restore === 'restored') journal.restored(name);
    else if (restore !== undefined && restore !== 'not begun')
      journal.restoreFailed({ ...A_PROBLEM, blames: restore }, name);
  });
  journal.wallOnly(told.clock);
  if (told.resumed) journal.resumed(1_000);
  journal.checked(
    Object.fromEntries(checks.map(({ id }, n) => [id, { outcome: told.checks[n]?.outcome ?? 'passed' }] as never)),
  );
  if (told.aborted) journal.add({ type: 'drill-aborted', reason: 'deadline', problem: A_PROBLEM });
  if (told.end !== 'killed') journal.tornDown(told.end === 'leaked' ? [aResource('db0')] : []).finished();
  return journal.events.flatMap((event) => change(event, told, checks, names));
}

/** Takes out, or breaks, what the builder always does well. */
function change(
  event: DrillEvent,
  told: Tale,
  checks: readonly CheckSpec[],
  names: readonly string[],
): readonly DrillEvent[] {
  if (event.type === 'check-judged') {
    const outcome = told.checks[checks.findIndex(({ id }) => event.step === `check:${id}`)]?.outcome;
    return outcome === 'missing' ? [] : [event];
  }
  if (event.type !== 'isolation-judged' || !event.step.startsWith('connect:')) return [event];
  const connect = told.connects[names.indexOf(event.step.slice('connect:'.length))];
  return connect === 'missing' ? [] : [connect === 'broken' ? { ...event, evidence: broken } : event];
}

/** Whether all that design.md's first promise names is true, read from the tale and not from any code under test. */
function holdsAll(told: Tale): boolean {
  const hasIntegrity = Array.from({ length: told.resources }, (_, n) => told.checks[2 * n + 1]).every(
    (check) => check?.severity === 'fail',
  );
  return (
    told.before === 'proven' &&
    told.restores.every((one) => one === 'restored') &&
    told.connects.every((one) => one === 'proven') &&
    told.checks.every(({ outcome, severity }) => outcome === 'passed' || severity === 'warn') &&
    hasIntegrity &&
    !told.aborted &&
    told.end !== 'killed'
  );
}

test('no drill passes unless every planned resource was restored, checked, isolated and measured, and all of it held', () => {
  let passed = 0;
  const property = fc.property(tale, (told) => {
    const events = tell(told);
    const { verdict, failures, gaps } = verdictOf(events);
    const { rto, rpo } = objectivesOf(events);
    const owed = [...(told.rto === undefined ? [] : [rto]), ...(told.rpo === undefined ? [] : [rpo])];
    const isMet = owed.every(({ outcome }) => outcome === 'met');
    expect(verdict === 'passed').toBe(holdsAll(told) && isMet);
    const isFailed =
      told.checks.some(({ outcome, severity }) => outcome === 'failed' && severity === 'fail') ||
      told.restores.includes('backup') ||
      owed.some(({ outcome }) => outcome === 'missed');
    expect(verdict === 'failed').toBe(isFailed);
    expect(failures.length + gaps.length === 0).toBe(verdict === 'passed');
    if (told.rto === 10) expect(rto.outcome).not.toBe('met');
    if (told.clock !== 0 || told.resumed) expect(rto.outcome).not.toBe('missed');
    if (verdict === 'passed') passed += 1;
  });
  fc.assert(property, { numRuns: 2_000 });
  expect(passed).toBeGreaterThan(200);
});

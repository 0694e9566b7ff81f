import { expect, test } from 'vitest';
import type { Damage } from '../../src/checks/damage.ts';
import { ProblemError } from '../../src/diagnostics/problem-error.ts';
import { proofsOf } from '../../src/drill/proofs.ts';
import { recordOf } from '../../src/drill/record.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import type { Observation } from '../../src/probe/observation.ts';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import { type Stage, drillStarted, resumeToTheEnd, simulate } from '../support/simulated-drill.ts';

const common = { severity: 'fail', of: 'orders', database: 'shop' } as const;
const counts: CheckSpec = {
  ...common,
  id: 'enough-orders',
  name: 'there are enough orders',
  purpose: 'integrity',
  kind: 'row-counts',
  tables: [{ table: 'orders', atLeast: 10 }],
};
const structure: CheckSpec = {
  ...common,
  id: 'sound',
  name: 'every page is sound',
  purpose: 'integrity',
  kind: 'structure',
  heapAllIndexed: false,
};
const warning: CheckSpec = {
  ...counts,
  id: 'many',
  name: 'there are many',
  severity: 'warn',
  tables: [{ table: 'orders', atLeast: 99 }],
};

interface Given {
  readonly checks?: readonly CheckSpec[];
  /** Rows that are seen in a restored database, in an undamaged copy, and in a damaged one. */
  readonly rows?: number;
  readonly rowsOfCopy?: number;
  readonly rowsOfDamaged?: number;
  readonly refuses?: Damage['kind'] | 'none';
}

/** A drill whose damager only keeps a list, and a probe that sees what it is told to. */
async function aProvenDrill(given: Given) {
  const { checks = [counts, structure], rows = 20, rowsOfCopy = rows, rowsOfDamaged = 3, refuses } = given;
  const clock = fakeClock();
  const spec = aRestore('orders', { database: 'shop' });
  const runbook = { ...aRunbook([spec], { checks }), objectives: {} };
  const listing = { points: [aRecoveryPoint(spec.source, 'a', 1)], unusable: [] };
  const world = memoryWorld({ listings: new Map([[spec.source, listing]]) });
  const disk = [await memoryJournal(clock).append(drillStarted(runbook, { proveChecks: true }))];
  const copies = { made: [] as (Damage['kind'] | 'none')[], there: 0 };
  const adapters = () => ({
    patience: { tries: 1, firstWait: 1 },
    provider: {
      ...memoryProvider(world, clock),
      damager: {
        async damage({ damage }: { damage: Damage | 'none' }) {
          const kind = damage === 'none' ? damage : damage.kind;
          if (kind === refuses) {
            const hint = 'Let it look at something.';
            throw new ProblemError({
              code: 'prove/nothing-to-damage',
              message: 'nothing',
              hint,
              blames: 'environment',
            });
          }
          copies.made.push(kind);
          copies.there = 1;
          return Promise.resolve({ endpoint: {} as never, database: 'copy' });
        },
        async discard() {
          copies.there = 0;
          return Promise.resolve();
        },
      },
    },
    probe: {
      async observe(_: unknown, request: { readonly kind: string; readonly database?: string }): Promise<Observation> {
        const isCopy = request.database === 'copy';
        const isDamaged = isCopy && copies.made.at(-1) !== 'none';
        if (request.kind === 'row-counts') {
          const counted = { table: 'orders', rows: isDamaged ? rowsOfDamaged : isCopy ? rowsOfCopy : rows };
          return Promise.resolve({ kind: 'row-counts', counts: [counted] });
        }
        const faults = isDamaged ? [{ relation: 'orders', fault: 'a bad page' }] : [];
        return Promise.resolve({ kind: 'structure', indexesChecked: 1, heapsChecked: 1, faults });
      },
    },
  });
  const stage = { clock, disk, adapters } as unknown as Required<Stage>;
  return {
    stage,
    disk,
    copies,
    proofs: () => proofsOf(recordOf(disk)).map(({ damage, outcome }) => [damage.kind, outcome]),
  };
}

const CAUGHT = [
  ['drop-table', 'caught'],
  ['delete-rows', 'caught'],
  ['flip-byte', 'caught'],
  ['flip-byte', 'caught'],
];

test('after a pass, every damage that an integrity check claims to notice is done to a copy, and noticed', async () => {
  const drill = await aProvenDrill({});
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs()).toEqual(CAUGHT);
  const made = ['none', 'drop-table', 'delete-rows', 'none', 'flip-byte', 'flip-byte'];
  expect(drill.copies).toEqual({ made, there: 0 });
  expect(verdictOf(drill.disk)).toMatchObject({ verdict: 'passed' });
});

test('a check that stays green on a damaged copy is named, and the drill has not passed', async () => {
  const drill = await aProvenDrill({ rowsOfDamaged: 10 });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs().map(([, outcome]) => outcome)).toEqual(['missed', 'missed', 'caught', 'caught']);
  const { verdict, because } = verdictOf(drill.disk);
  expect([verdict, because]).toEqual([
    'inconclusive',
    "Integrity check 'there are enough orders' of 'orders' stayed green on a copy although 'orders' was dropped (and 1 more reason).",
  ]);
});

test('a check that is red on an undamaged copy proves nothing by damaged ones, which are not made', async () => {
  const drill = await aProvenDrill({ rowsOfCopy: 3 });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs().map(([, outcome]) => outcome)).toEqual(['no-control', 'no-control', 'caught', 'caught']);
  expect(drill.copies).toEqual({ made: ['none', 'none', 'flip-byte', 'flip-byte'], there: 0 });
  expect(verdictOf(drill.disk)).toMatchObject({
    verdict: 'inconclusive',
    gaps: [
      "integrity check 'there are enough orders' of 'orders' is not proven able to fail: on an undamaged copy the check failed too: 'orders' has too few rows",
    ],
  });
});

test('a check that no undamaged copy can be made for is not proven able to fail', async () => {
  const drill = await aProvenDrill({ refuses: 'none' });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs().every(([, outcome]) => outcome === 'no-control')).toBe(true);
  expect(drill.copies.made).toEqual([]);
  const { verdict, gaps } = verdictOf(drill.disk);
  expect([verdict, gaps.length]).toEqual(['inconclusive', 2]);
  expect(gaps[1]).toContain(
    "'every page is sound' of 'orders' is not proven able to fail: on an undamaged copy the check",
  );
});

test('a copy that cannot be damaged leaves its check unproven', async () => {
  const drill = await aProvenDrill({ refuses: 'drop-table' });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs().map(([, outcome]) => outcome)).toEqual(['errored', 'caught', 'caught', 'caught']);
  expect(verdictOf(drill.disk)).toMatchObject({
    verdict: 'inconclusive',
    gaps: ["integrity check 'there are enough orders' of 'orders' is not proven able to fail: nothing"],
  });
});

test('nothing is damaged in a drill that does not pass, and that is no reason of its own', async () => {
  const drill = await aProvenDrill({ rows: 1 });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.copies.made).toEqual([]);
  expect(drill.proofs().every(([, outcome]) => outcome === 'not-made')).toBe(true);
  expect(verdictOf(drill.disk)).toMatchObject({
    verdict: 'failed',
    gaps: [],
  });
});

test('a check that only warns keeps nothing from being proven but itself', async () => {
  const drill = await aProvenDrill({ checks: [counts, warning] });
  await simulate(drill.stage, { purpose: 'run' });
  expect(drill.proofs().map(([, outcome]) => outcome)).toEqual(['caught', 'caught', 'no-control', 'no-control']);
  expect(verdictOf(drill.disk).verdict).toBe('passed');
});

test.each<[string, Given]>([
  ['passed', {}],
  ['inconclusive', { rowsOfCopy: 3 }],
])('killed at any call, a drill goes on to prove the same and leaves no copy: %s', async (verdict, given) => {
  const calls = { count: 0 };
  const whole = await aProvenDrill(given);
  await simulate(whole.stage, { purpose: 'run', calls });
  for (let call = 1; call <= calls.count; call += 1) {
    const drill = await aProvenDrill(given);
    await simulate(drill.stage, { purpose: 'run', crash: { call, when: 'before' } });
    await resumeToTheEnd(drill.stage);
    expect([drill.proofs(), drill.copies.there, verdictOf(drill.disk).verdict], `call ${call}`).toEqual([
      whole.proofs(),
      0,
      verdict,
    ]);
  }
});

test('where nothing can be damaged, a drill that is to prove its checks is refused before anything is made', async () => {
  const drill = await aProvenDrill({});
  const bare = () => {
    const adapters = drill.stage.adapters();
    const { damager: _, ...provider } = adapters.provider;
    return { ...adapters, provider };
  };
  await simulate({ ...drill.stage, adapters: bare }, { purpose: 'run' });
  expect(drill.disk.flatMap((event) => (event.type === 'drill-refused' ? event.problems : []))).toMatchObject([
    { code: 'prove/not-offered' },
  ]);
  expect(drill.disk.some(({ type }) => type === 'resource-created')).toBe(false);
});

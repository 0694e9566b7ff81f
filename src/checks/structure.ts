import type { StructureCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { counted, firstFew, notAsked, notObserved } from './judgements.ts';

/** Every index and every heap is sound, no index is invalid, and there are some of both. */
export const structureCheck: CheckKind<StructureCheck> = {
  prepare({ database, heapAllIndexed }) {
    return { kind: 'structure', database, heapAllIndexed };
  },
  judge(_spec, observation) {
    const expected = 'every B-tree index and every heap sound';
    if (observation.kind !== 'structure') return notAsked(observation, expected);
    const { indexesChecked, heapsChecked, faults, unreadable = [] } = observation;
    const looked = `${counted(indexesChecked, 'index', 'indexes')} and ${counted(heapsChecked, 'heap')} looked at`;
    const observed = `${looked}, ${counted(faults.length, 'fault')}`;
    if (faults.length > 0) {
      const because = firstFew(faults.map(({ relation, fault }) => `'${relation}': ${fault}`));
      return { outcome: 'failed', observed, expected, because };
    }
    if (indexesChecked === 0 || heapsChecked === 0) {
      return { outcome: 'failed', observed, expected, because: 'no index or no heap was looked at' };
    }
    const [first] = unreadable;
    if (first) {
      const because = firstFew(unreadable.map(({ problem }) => problem.message));
      return { ...notObserved(first.problem, expected), observed, because };
    }
    return { outcome: 'passed', observed, expected };
  },
};

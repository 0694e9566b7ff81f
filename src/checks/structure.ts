import type { StructureCheck } from '../runbook/check-spec.ts';
import type { StructureFault } from '../probe/observation.ts';
import type { CheckKind } from './check.ts';
import { counted, firstFew, notAsked, notObserved } from './judgements.ts';

/** Every index and every heap is sound, no index is invalid, and there are some of both. */
export const structureCheck: CheckKind<StructureCheck> = {
  prepare({ database, heapAllIndexed }) {
    return { kind: 'structure', database, heapAllIndexed };
  },
  judge({ accept = [] }, observation) {
    const expected = 'every B-tree index and every heap sound';
    if (observation.kind !== 'structure') return notAsked(observation, expected);
    const { indexesChecked, heapsChecked, faults: found, encoding, unreadable = [] } = observation;
    const faults = found.filter(({ class: of }) => of === undefined || !accept.includes(of));
    const accepted = found.length - faults.length;
    const looked = `${counted(indexesChecked, 'index', 'indexes')} and ${counted(heapsChecked, 'heap')} looked at`;
    const text = encoding === undefined ? '' : `, text in ${encoding}`;
    const observed = `${looked}, ${counted(faults.length, 'fault')}${accepted > 0 ? `, ${accepted} accepted` : ''}${text}`;
    if (faults.length > 0) {
      const named = firstFew(faults.map(({ relation, fault }) => `'${relation}': ${fault}`));
      return { outcome: 'failed', observed, expected, because: `${named}${howToAccept(faults)}` };
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

/** What people may write when the living source has the same by intention. */
function howToAccept(faults: readonly StructureFault[]): string {
  const classes = [...new Set(faults.map((one) => one.class).filter((one) => one !== undefined))].sort();
  return classes.length === 0 ? '' : `; 'accept: [${classes.join(', ')}]' lets pass what the source has by intention`;
}

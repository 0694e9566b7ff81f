import type { Damage } from '../../../checks/damage.ts';
import { damageInWords } from '../../../checks/damage.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';

/** The error of a copy in which a damage cannot be made, as there is nothing that it could be made in. */
export function nothingToDamage(resource: string, damage: Damage, why: string): ProblemError {
  return new ProblemError({
    code: 'prove/nothing-to-damage',
    message: `the copy of '${resource}' cannot be damaged so that ${damageInWords(damage)}: ${why}`,
    hint: 'A check of what is not there proves nothing: let it look at a table, an index or a file that holds something.',
    blames: 'environment',
  });
}

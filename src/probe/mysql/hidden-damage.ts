import type { Problem } from '../../diagnostics/problem.ts';
import type { Session } from './session.ts';

/** Why this server would not show damage; `undefined` when it would. */
export async function hiddenDamage(session: Session, about: string): Promise<Problem | undefined> {
  // In forced recovery InnoDB skips corrupt pages; without checksums it takes them for sound.
  const { rows } = await session.query(
    "show global variables where variable_name in ('innodb_force_recovery', 'innodb_checksum_algorithm')",
  );
  const hiding = rows.find(([name, value]) =>
    name === 'innodb_force_recovery' ? value !== '0' : (value ?? '').endsWith('none'),
  );
  if (hiding === undefined) return undefined;
  return {
    code: 'check/damage-hidden',
    message: `unable to look at ${about}: the server has '${hiding[0]}' on '${hiding[1]}', which hides damaged pages`,
    hint: "Set it to its default in the restored server's parameters.",
    blames: 'environment',
  };
}

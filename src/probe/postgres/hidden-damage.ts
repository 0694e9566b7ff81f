import type { Problem } from '../../diagnostics/problem.ts';
import type { Session } from './session.ts';

/** With either of them on, damaged pages read as empty or as sound. Only a superuser may switch them off. */
const HIDING_SETTINGS = ['zero_damaged_pages', 'ignore_checksum_failure'];

/** Why this session would not see damage, for a login that may not change that; `undefined` when it would. */
export async function hiddenDamage(session: Session, about: string): Promise<Problem | undefined> {
  const { rows } = await session.query(
    `select string_agg(name, ''' and ''' order by name) from unnest($1::text[]) as name
     where current_setting(name) <> 'off'`,
    [`{${HIDING_SETTINGS.join(',')}}`],
  );
  const hiding = rows[0]?.[0] ?? undefined;
  if (hiding === undefined) return undefined;
  return {
    code: 'check/damage-hidden',
    message: `unable to look at ${about}: the server has '${hiding}' on, which hides damaged pages`,
    hint: "Switch it off in the restored server's parameters and in those of its roles and databases.",
    blames: 'environment',
  };
}

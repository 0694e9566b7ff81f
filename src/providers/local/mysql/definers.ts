import type { Connection } from 'mysql2/promise';
import type { Problem } from '../../../diagnostics/problem.ts';

/** Accounts in whose name views, routines, triggers and events of the restored server run, and that do not exist. */
const MISSING = `
  select definer from (
    select definer from information_schema.views union select definer from information_schema.routines
    union select definer from information_schema.triggers union select definer from information_schema.events
  ) as definers
  where definer like '%@%' and not exists (
    select * from mysql.user where cast(concat(user, '@', host) as binary) = cast(definers.definer as binary))
  order by definer`;

/** What running in someone's name can need; nothing that reaches files or other accounts. */
const RIGHTS =
  'select, insert, update, delete, execute, show view, trigger, event, create temporary tables, lock tables, references';

/**
 * Makes the accounts that restored views and routines run as, where the dump does not hold them: locked, so that nobody
 * logs in as them. Without them every look through such a view is an error.
 *
 * @returns their names
 */
export async function makeMissingDefiners(connection: Connection): Promise<readonly string[]> {
  const [rows] = (await connection.query(MISSING)) as unknown as [(string | null)[][]];
  const made: string[] = [];
  for (const [definer] of rows) {
    const at = definer?.lastIndexOf('@') ?? -1;
    if (definer === null || definer === undefined || at === -1) continue;
    const [user, host] = [definer.slice(0, at), definer.slice(at + 1)];
    // A role has no host; roles that do not exist are left alone.
    if (host === '') continue;
    const account = `${connection.escape(bytes(user))}@${connection.escape(bytes(host))}`;
    await connection.query(`create user if not exists ${account} account lock`);
    await connection.query(`grant ${RIGHTS} on *.* to ${account}`);
    made.push(definer);
  }
  return made;
}

/** The connection sends each character as one byte. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Tells of the accounts that were made. */
export function definersWarning(made: readonly string[]): Problem[] {
  if (made.length === 0) return [];
  const names = made.map((name) => `'${name}'`).join(', ');
  return [
    {
      code: 'restore/definers-missing',
      message: `views or routines of the dump run as accounts that it does not hold: ${names}`,
      hint: 'Back up accounts too (mariadb-dump --system=users): in a recovery these would be missing. The drill made locked ones.',
      blames: 'backup',
    },
  ];
}

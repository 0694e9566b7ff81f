import { isSurvivable } from '../../../probe/mysql/server-errors.ts';
import type { Session } from '../../../probe/mysql/session.ts';
import { quotedName } from '../../../probe/mysql/tables.ts';
import { withoutDefiner } from '../../../probe/mysql/without-definer.ts';

/** A routine, trigger or event, and how a session has to be set to make it. */
export interface StoredProgram {
  /** Names no schema, and no definer. */
  readonly definition: string;
  readonly sqlMode: string;
  /** In which an event tells times. */
  readonly timeZone?: string;
}

/** Functions and procedures of the session's database. */
export async function routinesOf(session: Session): Promise<readonly StoredProgram[]> {
  const { rows } = await session.query(
    `select routine_type, routine_name from information_schema.routines
     where routine_schema = database() and routine_type in ('FUNCTION', 'PROCEDURE')
     order by routine_type, cast(routine_name as binary)`,
  );
  const routines: StoredProgram[] = [];
  for (const [type, name] of rows) {
    const shown = await session.query(`show create ${type} ${quotedName(name ?? '')}`);
    const [, sqlMode, definition] = shown.rows[0] ?? [];
    routines.push({ sqlMode: sqlMode ?? '', definition: withoutDefiner(definition ?? '') });
  }
  return routines;
}

/** Triggers of the session's database, in the order in which those of one event are set off. */
export async function triggersOf(session: Session): Promise<readonly StoredProgram[]> {
  // What `show create trigger` gives is what was once written, schema and all.
  const { rows } = await session.query(
    `select trigger_name, action_timing, event_manipulation, event_object_table, action_statement, sql_mode
     from information_schema.triggers where trigger_schema = database()
     order by cast(event_object_table as binary), action_timing, event_manipulation, action_order`,
  );
  return rows.map(([name, timing, event, table, statement, sqlMode]) => ({
    sqlMode: sqlMode ?? '',
    definition: `create trigger ${quotedName(name ?? '')} ${timing} ${event} on ${quotedName(table ?? '')} for each row ${statement}`,
  }));
}

/** Events of the session's database. The scheduler of a restored server is off. */
export async function eventsOf(session: Session): Promise<readonly StoredProgram[]> {
  const { rows } = await session.query(
    `select event_name from information_schema.events where event_schema = database()
     order by cast(event_name as binary)`,
  );
  const events: StoredProgram[] = [];
  for (const [name] of rows) {
    const shown = await session.query(`show create event ${quotedName(name ?? '')}`);
    const [, sqlMode, timeZone, definition] = shown.rows[0] ?? [];
    events.push({
      sqlMode: sqlMode ?? '',
      timeZone: timeZone ?? 'SYSTEM',
      definition: withoutDefiner(definition ?? ''),
    });
  }
  return events;
}

/**
 * Makes programs in the schema that the session is in, and leaves the session set as it was. What cannot be made, as its
 * table is gone or the time of an event is over, is left out: a check that looks for it finds it missing.
 */
export async function createPrograms(session: Session, programs: readonly StoredProgram[]): Promise<void> {
  const { rows } = await session.query('select @@session.sql_mode, @@session.time_zone');
  const [sqlMode, timeZone] = rows[0] ?? [];
  const was = { sqlMode: sqlMode ?? '', timeZone: timeZone ?? '+00:00' };
  for (const { definition, ...settings } of programs) {
    await setSession(session, { ...was, ...settings });
    try {
      await session.query(definition);
    } catch (error) {
      if (!isSurvivable(error)) throw error;
    }
  }
  await setSession(session, was);
}

async function setSession(
  session: Session,
  { sqlMode, timeZone }: { readonly sqlMode: string; readonly timeZone: string },
): Promise<void> {
  await session.query('set session sql_mode = ?, time_zone = ?', [sqlMode, timeZone]);
}

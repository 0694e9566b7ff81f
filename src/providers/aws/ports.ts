/** The port that a restored database is made to listen on, whatever its source listened on: its engine's usual one. */
export function portOf(engine: string): number {
  return engine === 'postgres' ? POSTGRES_PORT : MYSQL_PORT;
}

const POSTGRES_PORT = 5432;
const MYSQL_PORT = 3306;

/**
 * The ports that the sandbox lets its probe reach. It is made before anything is restored into it, and its proof repeats
 * what it was made from, so they are those of every engine.
 */
export const SANDBOX_PORTS: readonly number[] = [POSTGRES_PORT, MYSQL_PORT];

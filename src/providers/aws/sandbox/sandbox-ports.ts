/**
 * The ports that restored databases listen on: those of PostgreSQL and MySQL. The sandbox is made before anything is
 * restored into it and its proof repeats what it was made from, so a restore asks for its engine's port by name,
 * whatever its source listened on.
 */
export const SANDBOX_PORTS: readonly number[] = [5432, 3306];

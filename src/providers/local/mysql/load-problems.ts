import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type Engine, engineName, seriesOf, versionNumber } from './engine.ts';

const KEEP = 'Keep this recovery point for analysis and restore another one.';

/** Where a statement stands, and what is known of it without its text. */
interface Refused {
  readonly ordinal: number;
  readonly what: string;
  readonly dump: Engine;
  readonly server: Engine;
}

/**
 * Full disk (3, 28, 1021, 1114), memory (5, 1037, 1038, 1041), packets (1153), locks (1205, 1213), killed (1317), shutting
 * down (1053), plugins and engines that are not here (1286, 1524, 1126, 1127), what another version knows and this one
 * not (character sets 1115, collations 1273, variables 1193, 1238).
 */
const OF_ENVIRONMENT = new Set([
  3, 5, 28, 1021, 1037, 1038, 1041, 1053, 1114, 1115, 1126, 1127, 1153, 1193, 1205, 1213, 1238, 1273, 1286, 1317, 1524,
]);

/** A statement that the server refused, or a lost connection, as a problem without any text of either. */
export function statementRefused(error: unknown, at: Refused): unknown {
  const { errno, code, sqlState } = error as { errno?: number; code?: string; sqlState?: string };
  if (typeof errno !== 'number' || sqlState === undefined)
    return isLost(code) ? new ProblemError(serverLost(at), error) : error;
  // A dump can be expected to load into its own server or a later one of its kind.
  const isOlder = at.server.flavour !== at.dump.flavour || versionNumber(at.server) < versionNumber(at.dump);
  const blames = isOlder || OF_ENVIRONMENT.has(errno) ? 'environment' : 'backup';
  const engines = isOlder ? `; the dump is of ${engineName(at.dump)}, the server is ${engineName(at.server)}` : '';
  return new ProblemError(
    {
      code: 'restore/statement-failed',
      message: `statement ${at.ordinal} of the dump (${at.what}) was refused with ${code ?? 'an error'} (${errno})${engines}`,
      hint: isOlder ? `Install ${engineName(at.dump).split(' ')[0]} ${seriesOf(at.dump)} on this machine.` : KEEP,
      blames,
    },
    error,
  );
}

function isLost(code: string | undefined): boolean {
  return code !== undefined && /^(?:PROTOCOL_CONNECTION_LOST|ECONN[A-Z]+|EPIPE)$/.test(code);
}

function serverLost({ ordinal, what }: Refused): Problem {
  return {
    code: 'restore/server-stopped',
    message: `the server closed the connection at statement ${ordinal} of the dump (${what})`,
    hint: 'Look for a lack of memory on this machine, or for a crash of the server.',
    blames: 'environment',
  };
}

/** Something in a dump that reaches out of the server, or that dumps do not hold. */
export function unsafeDump(what: string, ordinal: number): Problem {
  return {
    code: 'restore/unsafe-dump',
    message: `statement ${ordinal} of the dump is ${what}, so nothing further of it is run`,
    hint: 'Look at how this dump came to be, and take dumps without what would reach out of the sandbox.',
    blames: 'environment',
  };
}

/** A command to the client program, which mysqldump never writes. */
export function clientCommand(ordinal: number): Problem {
  return {
    code: 'restore/unsafe-dump',
    message: `statement ${ordinal} of the dump holds a command to the client program, which no dump does`,
    hint: 'Find out who changed this dump: a client program would have run the command on this machine.',
    blames: 'backup',
  };
}

export function engineMissing(ordinal: number): Problem {
  return {
    code: 'restore/engine-missing',
    message: `statement ${ordinal} of the dump makes a table with a storage engine that this server does not have`,
    hint: 'Drill databases whose tables have the engines of the server itself: plugins are not loaded in a drill.',
    blames: 'environment',
  };
}

export function statementTooLong(ordinal: number): Problem {
  return {
    code: 'restore/statement-too-long',
    message: `statement ${ordinal} of the dump is longer than 500 MiB`,
    hint: "Take the dump with a smaller 'net_buffer_length', or with --skip-extended-insert.",
    blames: 'environment',
  };
}

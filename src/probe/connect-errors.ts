import type { Problem } from '../diagnostics/problem.ts';

/** What did not even get as far as a login, in the drivers' and in Node's own words. */
const UNREACHED: readonly {
  readonly code: string;
  readonly is: (code: string, message: string) => boolean;
  readonly what: string;
  readonly hint: string;
}[] = [
  {
    code: 'probe/connect-timed-out',
    // A network that drops packets, as a security group does, looks like this; 'timeout expired' is node-postgres.
    is: (code, message) => code === 'ETIMEDOUT' || message === 'timeout expired',
    what: 'the connection was not answered in time',
    hint: "Let the probe's security group reach the database's on its port, and the other way no more than the answer.",
  },
  {
    code: 'probe/connection-refused',
    is: (code) => code === 'ECONNREFUSED',
    what: 'the connection was refused: nothing listens there',
    hint: 'Look at the state and the events of the restored instance: it may be restarting.',
  },
  {
    code: 'probe/address-unknown',
    is: (code) => code === 'ENOTFOUND' || code === 'EAI_AGAIN',
    what: 'its name has no address',
    hint: 'Switch on DNS support of the sandbox network.',
  },
  {
    code: 'probe/no-route',
    is: (code) => code === 'EHOSTUNREACH' || code === 'ENETUNREACH',
    what: 'there is no route to it',
    hint: 'Put the probe and the database into subnets of one network.',
  },
  {
    code: 'probe/tls-not-verified',
    is: isTlsRefusal,
    what: 'its identity cannot be verified',
    hint: 'Restore with a certificate authority of Amazon RDS, and build drillbook anew when its bundle is too old.',
  },
];

/** Codes of OpenSSL's verification and of Node's check of the name; and each driver's way to say: no TLS here. */
function isTlsRefusal(code: string, message: string): boolean {
  return (
    /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|HANDSHAKE_SSL_ERROR|HANDSHAKE_NO_SSL)/.test(
      code,
    ) ||
    /^(?:The server does not support SSL connections|There was an error establishing an SSL connection)$/.test(message)
  );
}

/**
 * Why a server across a network could not be reached, when that is what `error` says; `undefined` for all else and for
 * a server on this machine. Holds no more of the error than its code.
 *
 * @param about what was to be looked at, e.g. `database 'shop'`
 */
export function connectProblem(
  error: unknown,
  { host, port, authorities }: { readonly host: string; readonly port: number; readonly authorities?: string },
  about: string,
): Problem | undefined {
  if (authorities === undefined || !(error instanceof Error)) return undefined;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const unreached = UNREACHED.find(({ is }) => is(code, message));
  if (unreached === undefined) return undefined;
  const wire = code === '' ? '' : ` (${code})`;
  return {
    code: unreached.code,
    message: `unable to look at ${about} on '${host}:${port}': ${unreached.what}${wire}`,
    hint: unreached.hint,
    blames: 'environment',
  };
}

import { generate } from 'selfsigned';

/** A certificate authority of tests, and what it signed for servers on 127.0.0.1. */
export interface TestAuthority {
  /** PEM of the authority itself, to be trusted. */
  readonly certificate: string;
  readonly server: { readonly certificate: string; readonly key: string };
}

/** @param names names of the server, besides its address; by default `localhost` at 127.0.0.1 */
export async function testAuthority(
  names: { readonly dns: string; readonly ip?: string } = { dns: 'localhost', ip: '127.0.0.1' },
): Promise<TestAuthority> {
  const keys = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'drillbook tests' }], {
    ...keys,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: names.dns }], {
    ...keys,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: names.dns },
          ...(names.ip === undefined ? [] : [{ type: 7, ip: names.ip } as const]),
        ],
      },
    ],
  });
  return { certificate: authority.cert, server: { certificate: server.cert, key: server.private } };
}

/** MariaDB and MySQL share a protocol and a language, and neither reads the other's files. */
export type Flavour = 'mariadb' | 'mysql';

/** A server's kind and version, e.g. `mariadb`, `10.11.19`. */
export interface Engine {
  readonly flavour: Flavour;
  readonly version: string;
}

/** The engine of a version as servers and dumps write it, e.g. `10.11.19-MariaDB-0+deb12u1`, `8.0.36`. */
export function engineOf(text: string): Engine | undefined {
  const version = /^(?:5\.5\.5-)?(\d+\.\d+\.\d+)/.exec(text)?.[1];
  return version === undefined ? undefined : { flavour: /mariadb/i.test(text) ? 'mariadb' : 'mysql', version };
}

/** As versioned comments have it: 10.11.19 is 101119, 8.0.36 is 80036. */
export function versionNumber({ version }: Pick<Engine, 'version'>): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major * 10_000 + minor * 100 + patch;
}

/** The part of a version within which data files stay readable, e.g. `10.11`. */
export function seriesOf({ version }: Pick<Engine, 'version'>): string {
  return version.split('.', 2).join('.');
}

/** e.g. `MariaDB 10.11.19`. */
export function engineName({ flavour, version }: Engine): string {
  return `${flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} ${version}`;
}

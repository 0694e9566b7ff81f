import { readFileSync } from 'node:fs';

/** Version of drillbook, from its own package. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

import { describe, expect, it } from 'vitest';
import { provesDigest } from '../../src/history/proves-digest.ts';
import { isSameResource, sourcedResource } from '../../src/history/source-of.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';

const TEXT = `runbook: shop
restore:
  dump: { kind: postgres-dump, source: ../dumps, live: { host: db, user: u, password: { file: ../reader.key } } }
  nightly: { kind: mysql, source: ../restic, database: shop, repository: { restic: { password: { file: ../restic.key } } } }
  tickets: { kind: sqlite, source: ../tickets, live: ../living.sqlite }
  uploads: { kind: files, source: ../uploads, live: ../living }
checks:
  - { smoke: it answers, of: dump, kind: http, start: [node, server.js], reads: [../app, /etc/ssl], port: 80 }
  - { integrity: dump agrees, of: dump, kind: command, run: [../tools/verify, -x] }
  - { integrity: ledger agrees, of: dump, kind: command, run: [/usr/bin/psql, -c, select 1] }
  - { integrity: nightly is sound, of: nightly, kind: structure }
  - { integrity: tickets are sound, of: tickets, kind: structure }
  - { integrity: files are there, of: uploads, kind: manifest }
`;

function parsedIn(checkout: string, text = TEXT): Runbook {
  const parsed = parseRunbook({ text, file: `${checkout}/runbooks/shop.yaml`, sandboxFolder: '/sandboxes' });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.runbook;
}

const here = parsedIn('/home/me/team');
const elsewhere = parsedIn('/srv/ci/work/team');

describe('a checkout that lies elsewhere', () => {
  it('proves the same of every kind that is restored on this machine', () => {
    expect(provesDigest(elsewhere)).toBe(provesDigest(here));
  });

  it('restores the same resources', () => {
    for (const [index, spec] of here.restore.entries()) {
      const [was, is] = [sourcedResource(here, spec), sourcedResource(elsewhere, elsewhere.restore[index]!)];
      expect(isSameResource(was, is), spec.name).toBe(true);
    }
  });
});

describe('another proof', () => {
  it.each([
    ['another program', '../tools/verify', '../tools/check'],
    ['another argument', '-x', '-y'],
    ['another thing to read', '../app', '../apps'],
    ['another source', 'source: ../uploads', 'source: ../photos'],
    ['snapshots of another host', 'restic.key }', 'restic.key }, host: db2'],
    ['another living source', 'live: ../living }', 'live: ../alive }', true],
    ['another place of the secret', '../restic.key', '../other.key', true],
  ])('comes of %s only where that changes what is proven', (_, was, is, same = false) => {
    const changed = parsedIn('/home/me/team', TEXT.replace(was, is));
    if (same) expect(provesDigest(changed)).toBe(provesDigest(here));
    else expect(provesDigest(changed)).not.toBe(provesDigest(here));
  });
});

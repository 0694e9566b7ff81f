import type { Problem } from '../diagnostics/problem.ts';
import type { FoundLive, FoundResource } from '../init/found.ts';
import { proposedRpo } from '../init/objectives.ts';
import { readSecret } from '../probe/secret.ts';
import { parseDuration } from '../runbook/duration.ts';
import type { LiveAddress } from './init-live-address.ts';
import { seenFrom } from './init-name.ts';
import { surveyMysql } from './init-survey-mysql.ts';
import { surveyPostgres } from './init-survey-postgres.ts';
import type { CommandIo } from './io.ts';

const UNANSWERED =
  'Look at the address, the user and its password, and whether it may log in from here; nothing was written.';

/** Kinds of resources that a living source can be that of. */
const FITTING: Readonly<Record<LiveAddress['kind'], readonly FoundResource['kind'][]>> = {
  postgres: ['postgres', 'postgres-dump'],
  mysql: ['mysql'],
  path: ['sqlite', 'files'],
};

/**
 * The resources, the one of the living source with what that told. Of several that fit, it is the one whose backups name
 * its database. `folder`: of the runbook, absolute.
 */
export async function withLive(
  resources: readonly FoundResource[],
  address: LiveAddress,
  { folder, io }: { readonly folder: string; readonly io: Pick<CommandIo, 'env'> },
): Promise<readonly FoundResource[] | Problem> {
  const owner = ownerOf(resources, address);
  if ('code' in owner) return owner;
  const live = await asked(address, resources, { folder, io });
  if ('code' in live) return live;
  return resources.map((one) => (one === owner ? { ...one, live } : one));
}

function ownerOf(resources: readonly FoundResource[], address: LiveAddress): FoundResource | Problem {
  const fitting = resources.filter(({ kind }) => FITTING[address.kind].includes(kind));
  const naming = fitting.filter(
    ({ databases }) => address.kind !== 'path' && databases.includes(address.server.database),
  );
  const [owner, another] = fitting.length > 1 && naming.length > 0 ? naming : fitting;
  if (owner !== undefined && another === undefined) return owner;
  const kinds = FITTING[address.kind].map((kind) => `'${kind}'`).join(' or ');
  return {
    code: 'init/no-owner',
    message:
      owner === undefined
        ? `no backup of kind ${kinds} was found that could be of what '--live' names`
        : `what '--live' names could be the living source of several resources: ${fitting.map(({ name }) => `'${name}'`).join(', ')}`,
    hint: 'Call init on the folder of its backups alone.',
    blames: 'environment',
  };
}

async function asked(
  address: LiveAddress,
  resources: readonly FoundResource[],
  { folder, io }: { readonly folder: string; readonly io: Pick<CommandIo, 'env'> },
): Promise<FoundLive | Problem> {
  if (address.kind === 'path') return { at: { path: seenFrom(folder, address.path) } };
  const { server } = address;
  const password = server.passwordEnv === undefined ? '' : await readSecret({ env: server.passwordEnv }, io.env);
  if (typeof password !== 'string') return password;
  const recent = parseDuration(proposedRpo(resources).target) ?? 0;
  const ask = address.kind === 'mysql' ? surveyMysql : surveyPostgres;
  const facts = await ask(server, { password, recent, signal: new AbortController().signal });
  // What a probe advises is about a sandbox.
  return 'code' in facts ? { ...facts, hint: UNANSWERED } : { at: server, facts };
}

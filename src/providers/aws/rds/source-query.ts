import type { Problem } from '../../../diagnostics/problem.ts';
import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { AwsPlace } from '../../../runbook/runbook.ts';

/** What people wrote as the source of a restore, read. */
export type SourceQuery = { readonly account: string } & (
  | { readonly kind: 'identifier'; readonly identifier: string }
  | { readonly kind: 'resource-id'; readonly resourceId: string }
  | { readonly kind: 'tag'; readonly key: string; readonly value: string }
);

export type ReadSource =
  { readonly kind: 'read'; readonly query: SourceQuery } | { readonly kind: 'refused'; readonly problem: Problem };

/** As RDS makes them: `db-` and capitals and digits, where an identifier is stored in lower case. */
const RESOURCE_ID = /^db-[A-Z0-9]{20,}$/;
const IDENTIFIER = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/i;

/** Reads a source: which instance it names, and in which account; the sandbox's own only when the place accepts that. */
export function readSource(
  spec: Pick<RdsRestore, 'source' | 'sourceAccount' | 'name'>,
  place: Pick<AwsPlace, 'account' | 'region' | 'sharesAccountWithSources'>,
): ReadSource {
  const named = readName(spec, place);
  if ('code' in named) return { kind: 'refused', problem: named };
  const { account } = named;
  if (account === place.account && !place.sharesAccountWithSources) {
    return { kind: 'refused', problem: sameAccount(spec, account) };
  }
  return { kind: 'read', query: named };
}

function readName(
  { source, sourceAccount, name }: Pick<RdsRestore, 'source' | 'sourceAccount' | 'name'>,
  place: Pick<AwsPlace, 'account' | 'region'>,
): SourceQuery | Problem {
  const account = sourceAccount ?? place.account;
  if (source.startsWith('arn:')) return readArn({ source, sourceAccount, name }, place);
  if (source.startsWith('tag:')) {
    const [, key, value] = /^tag:([^=]+)=(.*)$/.exec(source) ?? [];
    if (key === undefined || value === undefined) return unreadable({ source, name });
    return { kind: 'tag', account, key, value };
  }
  if (RESOURCE_ID.test(source)) return { kind: 'resource-id', account, resourceId: source };
  return IDENTIFIER.test(source)
    ? { kind: 'identifier', account, identifier: source.toLowerCase() }
    : unreadable({ source, name });
}

function readArn(
  { source, sourceAccount, name }: { source: string; sourceAccount: string | undefined; name: string },
  { region }: Pick<AwsPlace, 'region'>,
): SourceQuery | Problem {
  const found = /^arn:aws[\w-]*:rds:([a-z0-9-]+):(\d{12}):db:([a-z0-9-]+)$/i.exec(source);
  const [, regionOfSource, account, identifier] = found ?? [];
  if (account === undefined || identifier === undefined) return unreadable({ source, name });
  if (regionOfSource !== region) {
    return {
      code: 'aws/source-elsewhere',
      message: `the source of '${name}' lies in region '${regionOfSource ?? ''}', the sandbox in '${region}'`,
      hint: `Copy its snapshots to '${region}' and name it by its identifier, or set 'sandbox.region' to its region.`,
      blames: 'environment',
    };
  }
  if (sourceAccount !== undefined && sourceAccount !== account) {
    return {
      code: 'aws/source-elsewhere',
      message: `the source of '${name}' is an instance of account '${account}', its 'sourceAccount' is '${sourceAccount}'`,
      hint: "Correct one of the two, or leave out 'sourceAccount': the ARN tells it.",
      blames: 'environment',
    };
  }
  return { kind: 'identifier', account, identifier: identifier.toLowerCase() };
}

function unreadable({ source, name }: { source: string; name: string }): Problem {
  return {
    code: 'aws/unreadable-source',
    message: `the source of '${name}', '${source}', names no DB instance`,
    hint: "Write an identifier, a 'db-…' resource id, the ARN of a DB instance, or 'tag:KEY=VALUE'.",
    blames: 'environment',
  };
}

function sameAccount({ source, name }: Pick<RdsRestore, 'source' | 'name'>, account: string): Problem {
  return {
    code: 'aws/same-account',
    message: `the source of '${name}', '${source}', lies in the sandbox's own account '${account}'`,
    hint:
      "Share its snapshots with a sandbox account of its own and name theirs as 'sourceAccount'; " +
      "to accept drills beside production, say 'sharesAccountWithSources: true' in 'sandbox'.",
    blames: 'environment',
  };
}

/** How a source is called in messages. */
export function describeQuery(query: SourceQuery): string {
  if (query.kind === 'tag') return `tag '${query.key}=${query.value}'`;
  return query.kind === 'identifier' ? `'${query.identifier}'` : `'${query.resourceId}'`;
}

import type { GetFunctionResponse } from '@aws-sdk/client-lambda';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type DescribedResource, refusalToRemove } from '../../../drill/guard.ts';
import { type Instant, instantOf } from '../../../support/time.ts';
import type { MarkedResource, RemovalPermit } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { NAME_PREFIX, proofOf, readMark } from '../names.ts';
import { describeProbe, probeTags } from './describe-probe.ts';

/** Deletes the probe's function when the guard allows it. */
export async function removeProbe(
  resource: Resource,
  permit: RemovalPermit,
  { context, signal }: { context: AwsContext; signal: AbortSignal },
): Promise<void> {
  const found = await describeProbe(resource.id, context, signal);
  if (found === undefined) return;
  const refusal = refusalToRemove(described(resource, found, context), permit);
  if (refusal) throw new ProblemError(refusal);
  const { DeleteFunctionCommand } = await import('@aws-sdk/client-lambda');
  const lambda = await context.clients.lambda();
  await lambda.send(new DeleteFunctionCommand({ FunctionName: resource.id }), { abortSignal: signal });
}

function described(asked: Resource, found: GetFunctionResponse, { place }: AwsContext): DescribedResource {
  const mark = readMark(probeTags(found.Tags));
  const name = found.Configuration?.FunctionName ?? '';
  const createdAt = madeAt(found);
  return {
    // The id is read freshly too: what is asked for must be what would be removed.
    resource: { ...asked, id: found.Configuration?.FunctionArn ?? '' },
    ...(mark && { mark }),
    expectedProof: proofOf({ drillId: mark?.drillId ?? '', kind: 'probe', name, place }),
    ...(createdAt !== undefined && { createdAt }),
    isSource: false,
  };
}

/** Lambda tells only when a function was last modified, and nobody modifies a probe: later is never earlier. */
function madeAt({ Configuration }: GetFunctionResponse): Instant | undefined {
  const time = Date.parse(Configuration?.LastModified ?? '');
  return Number.isNaN(time) ? undefined : instantOf(time);
}

/** All probes of drills, of one or of any, with a whole mark. */
export async function listMarkedProbes(
  { context, signal }: { context: AwsContext; signal: AbortSignal },
  drillId?: string,
): Promise<readonly MarkedResource[]> {
  const { paginateListFunctions } = await import('@aws-sdk/client-lambda');
  const config = { client: await context.clients.lambda() };
  const names: string[] = [];
  for await (const page of paginateListFunctions(config, {}, { abortSignal: signal })) {
    names.push(...(page.Functions ?? []).flatMap(({ FunctionName }) => FunctionName ?? []));
  }
  const ours = names.filter((name) => name.startsWith(NAME_PREFIX));
  const found = await Promise.all(ours.map(async (name) => describeProbe(name, context, signal)));
  return found.flatMap((one) => (one ? markedProbe(one, context, drillId) : []));
}

function markedProbe(
  { Configuration, Tags }: GetFunctionResponse,
  { place }: AwsContext,
  drillId: string | undefined,
): readonly MarkedResource[] {
  const mark = readMark(probeTags(Tags));
  const { FunctionName: name = '', FunctionArn: id } = Configuration ?? {};
  if (mark === undefined || id === undefined || (drillId !== undefined && mark.drillId !== drillId)) return [];
  if (mark.proof !== proofOf({ drillId: mark.drillId, kind: 'probe', name, place })) return [];
  const resource: Resource = { provider: 'aws', type: 'probe', id, name: 'probe', token: mark.token };
  return [{ resource, drillId: mark.drillId, expiresAt: mark.expiresAt }];
}

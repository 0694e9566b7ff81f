import type { DescribeVpcsCommandOutput, EC2Client } from '@aws-sdk/client-ec2';
import type { AwsContext } from '../aws-context.ts';

/** One look at a VPC: whose APIs are asked, which VPC, and until when. */
export interface VpcLook {
  readonly context: AwsContext;
  readonly vpcId: string;
  readonly signal: AbortSignal;
}

/** What a pager of the SDK for EC2 takes: its client, its request, and what goes with each call. */
type Pager<Input, Page> = (
  config: { client: EC2Client },
  input: Input,
  options: { abortSignal: AbortSignal },
) => AsyncIterable<Page>;

/** The items of all pages of an EC2 listing; an empty page in between is not the end. */
export async function listAll<Input, Page extends Pick<DescribeVpcsCommandOutput, '$metadata'>, Item>(
  pager: Pager<Input, Page>,
  input: Input,
  { look, items }: { readonly look: VpcLook; readonly items: (page: Page) => readonly Item[] | undefined },
): Promise<readonly Item[]> {
  const client = await look.context.clients.ec2();
  const found: Item[] = [];
  for await (const page of pager({ client }, input, { abortSignal: look.signal })) found.push(...(items(page) ?? []));
  return found;
}

/** An EC2 filter by the VPC that is looked at. */
export function byVpc(name: string, { vpcId }: VpcLook): { readonly Filters: { Name: string; Values: string[] }[] } {
  return { Filters: [{ Name: name, Values: [vpcId] }] };
}

/** The texts among values that a service may leave out. */
export function texts(values: readonly (string | undefined)[] | undefined): readonly string[] {
  return (values ?? []).filter((value) => value !== undefined);
}

import type { AwsReply } from '../call.ts';
import { type XmlValue, isNode, queryReply } from '../xml.ts';
import type { Stack, StackEvent, StackResource } from './stack.ts';

/** The service's pages hold a hundred, of whatever it lists. */
const PAGE = 100;

/** What an element holds: a text (left out when undefined), elements by name, or the members of a list. */
export type Content = string | undefined | { readonly [name: string]: Content } | readonly Content[];

/** The answer to an action, as the query protocol writes it. */
export function answer(action: string, result: Content): AwsReply {
  const written = xmlOf(result);
  return queryReply(action, written !== undefined && isNode(written) ? written : {});
}

function xmlOf(content: Content): XmlValue | undefined {
  if (content === undefined || typeof content === 'string') return content;
  if (Array.isArray(content)) {
    const members = (content as readonly Content[]).map(xmlOf).filter((one) => one !== undefined);
    return members.length === 0 ? '' : { member: members };
  }
  const children = Object.entries(content).map(([name, value]) => [name, xmlOf(value)] as const);
  return Object.fromEntries(children.filter((child): child is [string, XmlValue] => child[1] !== undefined));
}

/** One page of a listing under `name`, with the token of the next. */
export function page<Thing>(
  name: string,
  { all, token, form }: { all: readonly Thing[]; token: string | undefined; form: (one: Thing) => Content },
): Content {
  const from = Number(token ?? '0');
  const until = from + PAGE;
  return { [name]: all.slice(from, until).map(form), NextToken: until < all.length ? String(until) : undefined };
}

/** A stack as DescribeStacks shows it. */
export function stackForm(stack: Stack): Content {
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: stack.template.Description,
    Parameters: Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    CreationTime: stack.createdAt,
    DeletionTime: stack.deletedAt,
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DisableRollback: String(stack.onFailure === 'DO_NOTHING'),
    Capabilities: stack.capabilities,
    Outputs: stack.outputs.map(({ key, value }) => ({ OutputKey: key, OutputValue: value })),
    Tags: stack.tags.map(({ key, value }) => ({ Key: key, Value: value })),
    EnableTerminationProtection: 'false',
  };
}

/** A stack as ListStacks shows it. */
export function stackSummary(stack: Stack): Content {
  return {
    StackId: stack.id,
    StackName: stack.name,
    TemplateDescription: stack.template.Description,
    CreationTime: stack.createdAt,
    DeletionTime: stack.deletedAt,
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
  };
}

/** A line of a stack's history. */
export function eventForm(stack: Stack): (event: StackEvent) => Content {
  return (event) => ({
    StackId: stack.id,
    EventId: event.id,
    StackName: stack.name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.at,
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
  });
}

/** A resource; DescribeStackResources and ListStackResources name its moment differently. */
export function resourceForm(moment: 'Timestamp' | 'LastUpdatedTimestamp'): (resource: StackResource) => Content {
  return (resource) => ({
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.made?.physicalId,
    ResourceType: resource.definition.Type,
    [moment]: resource.changedAt,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
  });
}

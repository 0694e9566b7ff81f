import type { AwsReply, Layer } from './call.ts';
import { renderError } from './render-error.ts';
import { isOk, withParams } from './sub-call.ts';
import { ec2Reply, isNode, parseXml, type XmlNode } from './xml.ts';

/** How EC2's describes are cut into pages; moto gives everything at once. */
export interface Ec2Paging {
  /** At most that many a page, with or without MaxResults. */
  atMost?: number;
  /** Whether the first page is empty and has a token: it is not the end. */
  startsEmpty?: boolean;
}

/** The pages of EC2, and the setting that tests change. */
export function ec2Pages(): { paging: Ec2Paging; layer: Layer } {
  const paging: Ec2Paging = {};
  const layer: Layer = async (call, next) => {
    const { MaxResults: most, NextToken: token } = call.params;
    const isCut = most !== undefined || token !== undefined || Object.keys(paging).length > 0;
    if (call.service !== 'ec2' || !call.action.startsWith('Describe') || !isCut) return next(call);
    const start = token === undefined ? 0 : Number(/^page-(\d+)$/.exec(token)?.[1] ?? Number.NaN);
    if (Number.isNaN(start)) {
      return renderError(call, { status: 400, code: 'InvalidNextToken', message: `The token '${token}' is invalid.` });
    }
    const reply = await next(withParams(call, { MaxResults: undefined, NextToken: undefined }));
    if (!isOk(reply)) return reply;
    const size = Math.min(Number(most ?? 1_000), paging.atMost ?? 1_000);
    const isEmpty = token === undefined && paging.startsEmpty === true;
    return cut(call.action, reply, { start, end: isEmpty ? 0 : start + size });
  };
  return { paging, layer };
}

function cut(action: string, reply: AwsReply, { start, end }: { start: number; end: number }): AwsReply {
  const answer = parseXml(reply.body);
  const found = Object.entries(answer).find(([, value]) => isNode(value) && value['item'] !== undefined);
  if (found === undefined) return reply;
  const [list, value] = found as [string, XmlNode];
  const items = [value['item'] ?? []].flat();
  const page = items.slice(start, end);
  return ec2Reply(action, {
    ...answer,
    [list]: page.length === 0 ? '' : { item: page },
    ...(end < items.length ? { nextToken: `page-${end}` } : {}),
  });
}

import { randomUUID } from 'node:crypto';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import type { AwsReply } from './call.ts';

/** Parsed XML: elements by name, text as it is, repeated elements as an array, empty ones as an empty text. */
export interface XmlNode {
  [name: string]: XmlValue;
}
export type XmlValue = string | XmlNode | XmlValue[];

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, ignoreDeclaration: true });
const builder = new XMLBuilder({ ignoreAttributes: true, suppressEmptyNode: false });

/** The children of the document's root element. */
export function parseXml(body: Buffer): XmlNode {
  const document = parser.parse(body.toString('utf8')) as XmlNode;
  const [root] = Object.values(document);
  return isNode(root) ? root : {};
}

function buildXml(node: XmlNode): string {
  return builder.build(node);
}

export function isNode(value: XmlValue | undefined): value is XmlNode {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The element of that name, or an empty one. */
export function childOf(node: XmlNode | undefined, name: string): XmlNode {
  const child = node?.[name];
  return isNode(child) ? child : {};
}

/** The members of a list element (`childrenOf(result, 'DBInstances', 'DBInstance')`), none, one or many. */
export function childrenOf(node: XmlNode | undefined, list: string, member: string): XmlNode[] {
  const value = childOf(node, list)[member];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

/** The text of the element of that name; empty where there is none. */
export function textOf(node: XmlNode | undefined, name: string): string {
  const value = node?.[name];
  return typeof value === 'string' ? value : '';
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A successful answer of a query-protocol service (RDS, CloudFormation, STS). */
export function queryReply(action: string, result: XmlNode): AwsReply {
  const requestId = randomUUID();
  const xml = buildXml({
    [`${action}Response`]: { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } },
  });
  return xmlOk(xml, requestId);
}

/** A successful answer of EC2. */
export function ec2Reply(action: string, result: XmlNode): AwsReply {
  const requestId = randomUUID();
  return xmlOk(buildXml({ [`${action}Response`]: { requestId, ...result } }), requestId);
}

function xmlOk(xml: string, requestId: string): AwsReply {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${xml}`),
  };
}

/** The result element of a query-protocol answer: `DescribeDBInstancesResult` of a `DescribeDBInstancesResponse`. */
export function queryResultOf(reply: AwsReply): XmlNode {
  const root = parseXml(reply.body);
  const name = Object.keys(root).find((one) => one.endsWith('Result'));
  return name === undefined ? {} : childOf(root, name);
}

/** A successful answer of a JSON or REST-JSON service. */
export function jsonReply(value: unknown, status = 200): AwsReply {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
    body: Buffer.from(JSON.stringify(value)),
  };
}

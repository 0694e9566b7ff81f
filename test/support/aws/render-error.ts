import { randomUUID } from 'node:crypto';
import type { AwsCall, AwsReply } from './call.ts';
import { escapeXml } from './xml.ts';

/** An error as an AWS service would put it. */
export interface AwsErrorShape {
  readonly status: number;
  /** Wire code, e.g. `DBInstanceNotFound` (the SDK's name of it may differ: `DBInstanceNotFoundFault`). */
  readonly code: string;
  readonly message: string;
}

/** How a service writes its answers. */
export type WireProtocol = 'ec2' | 'query' | 'json' | 'rest-json' | 'rest-xml' | 's3';

const PROTOCOLS: Readonly<Record<string, WireProtocol>> = {
  ec2: 'ec2',
  rds: 'query',
  cloudformation: 'query',
  sts: 'query',
  iam: 'query',
  sns: 'query',
  lambda: 'rest-json',
  scheduler: 'rest-json',
  backup: 'rest-json',
  route53: 'rest-xml',
  s3: 's3',
};

/** How the service of that signing name writes its answers; all that are not listed speak JSON 1.0 or 1.1. */
function protocolOf(service: string): WireProtocol {
  return PROTOCOLS[service] ?? 'json';
}

/** The error in the shape that the called service's protocol has, so that the SDK reads code and message out of it. */
export function renderError(call: Pick<AwsCall, 'service' | 'headers'>, error: AwsErrorShape): AwsReply {
  const requestId = randomUUID();
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const code = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
  switch (protocolOf(call.service)) {
    case 'ec2':
      return xmlReply(
        error.status,
        requestId,
        `<Response><Errors><Error>${code}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
      );
    case 'query':
    case 'rest-xml':
      return xmlReply(
        error.status,
        requestId,
        `<ErrorResponse><Error><Type>${type}</Type>${code}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      );
    case 's3':
      return xmlReply(error.status, requestId, `<Error>${code}<RequestId>${requestId}</RequestId></Error>`);
    case 'rest-json':
    case 'json':
      break;
  }
  return {
    status: error.status,
    headers: {
      'content-type': call.headers['content-type'] ?? 'application/json',
      'x-amzn-errortype': error.code,
      'x-amzn-requestid': requestId,
    },
    body: Buffer.from(
      JSON.stringify({ __type: error.code, message: error.message, Message: error.message, Type: 'User' }),
    ),
  };
}

function xmlReply(status: number, requestId: string, xml: string): AwsReply {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${xml}`),
  };
}

/** The code of an error reply, or `undefined` when the reply is none. */
export function errorCodeOf(reply: AwsReply): string | undefined {
  if (reply.status < 400) return undefined;
  const typed = reply.headers['x-amzn-errortype'];
  if (typed !== undefined) return typed.split(':')[0];
  const text = reply.body.toString('utf8');
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? /"__type"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  return code?.slice(code.lastIndexOf('#') + 1) ?? `HTTP${reply.status}`;
}

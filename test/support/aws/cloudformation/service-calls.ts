import type { AwsCall, AwsReply } from '../call.ts';
import { isOk, querySubCall } from '../sub-call.ts';
import { type XmlNode, childOf, parseXml } from '../xml.ts';

/** A service refused a call; `code` and the message are its own. */
export class ServiceRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ServiceRefusal';
    this.code = code;
  }
}

/** Calls that CloudFormation makes of the other services, with the rights of whoever called it. */
export interface ServiceCalls {
  /**
   * The answer's element: what stands within `…Response`, or within its `…Result` where there is one. Throws
   * `ServiceRefusal`.
   */
  readonly query: (
    service: 'ec2' | 'rds' | 'iam' | 'sts',
    action: string,
    params: Readonly<Record<string, string>>,
  ) => Promise<XmlNode>;
}

/** What hears of each inner call, for instance to evaluate it against the caller's policy. */
export type InnerCallRecorder = (call: AwsCall, reply: AwsReply) => void;

/** Calls on behalf of the client that sent `origin`: same keys, same region, further down the chain. */
export function serviceCalls(
  origin: AwsCall,
  next: (call: AwsCall) => Promise<AwsReply>,
  record?: InnerCallRecorder,
): ServiceCalls {
  return {
    query: async (service, action, params) => {
      const call = querySubCall(origin, { service, action, params });
      const reply = await next(call);
      record?.(call, reply);
      if (!isOk(reply)) throw refusalIn(reply, `${service} ${action} answered ${String(reply.status)}`);
      const response = parseXml(reply.body);
      return `${action}Result` in response ? childOf(response, `${action}Result`) : response;
    },
  };
}

function refusalIn(reply: AwsReply, otherwise: string): ServiceRefusal {
  const text = reply.body.toString('utf8');
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? 'InternalFailure';
  // What the emulator lacks is a bug of the harness, and must not look like a service's own refusal.
  if (code === 'NotInEmulator') throw new Error(text);
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? '';
  return new ServiceRefusal(code, message === '' ? otherwise : message);
}

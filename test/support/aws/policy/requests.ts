import type { LoggedCall, RequestLog } from '../request-log.ts';
import type { Authorization } from './evaluate.ts';
import type { Asked, Ledger } from './ledger.ts';
import { hasKey, referenceOf, typeOf } from './reference.ts';
import { SERVICES } from './service-calls.ts';

/** A request of a session, and all that IAM is asked before it is answered. */
export interface Request {
  readonly call: LoggedCall;
  readonly authorizations: readonly Authorization[];
}

/** Whose requests are read. */
export interface Session {
  readonly accessKey: string;
  readonly ledger: Ledger;
}

/** What the simulated CloudFormation does to get the emulator right, and the real one never does. */
const OF_THE_EMULATOR = ['ModifyNetworkInterfaceAttribute', 'DeleteNetworkInterface'];

/** Every request of a session and what CloudFormation did in its name, in the order in which things were made. */
export async function requestsOf(log: RequestLog, { accessKey, ledger }: Session): Promise<readonly Request[]> {
  const requests: Request[] = [];
  const isOfSession = (call: LoggedCall): boolean => call.accessKey === accessKey;
  for (const call of log.onBehalf.filter(isOfSession).filter(({ action }) => !OF_THE_EMULATOR.includes(action))) {
    requests.push(await requestOf(call, ledger, { 'aws:CalledViaFirst': 'cloudformation.amazonaws.com' }));
  }
  for (const call of log.calls.filter(isOfSession)) {
    requests.push(await requestOf(call, ledger));
  }
  return requests;
}

/** One request; `keys` are those that it has whatever is asked. */
async function requestOf(call: LoggedCall, ledger: Ledger, keys: NonNullable<Asked['keys']> = {}): Promise<Request> {
  const read = SERVICES[call.service];
  if (read === undefined) throw new Error(`nobody knows yet what IAM is asked for '${call.service}' '${call.action}'`);
  const asked = read(call, ledger);
  const authorizations = await Promise.all(
    asked.map(async (one) => authorizationOf({ ...one, keys: { ...one.keys, ...keys } }, ledger)),
  );
  return { call, authorizations };
}

/** What IAM is asked, with only those keys that AWS says the action has there, and the resource's tags. */
export async function authorizationOf({ action, resource, keys = {} }: Asked, ledger: Ledger): Promise<Authorization> {
  const reference = await referenceOf(action);
  const type = typeOf(reference, resource);
  if (type === undefined && resource !== '*') throw new Error(`AWS judges '${action}' on nothing like '${resource}'`);
  const tags = Object.entries(ledger.tags.get(resource) ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
  const all = Object.entries({ ...keys, ...(Object.fromEntries(tags) as Record<string, string>) });
  return { action, resource, keys: Object.fromEntries(all.filter(([key]) => hasKey(reference, type, key))) };
}

import type { Clock } from '../../../../src/support/clock.ts';
import type { Millis } from '../../../../src/support/time.ts';
import type { AwsCall, AwsReply, Layer } from '../call.ts';
import { renderError } from '../render-error.ts';
import { isOk } from '../sub-call.ts';

/** What Route 53 does and the emulator does not: changes take time, and a reference is taken once only. */
export interface Route53World {
  readonly layer: Layer;
  /** How long a change stays PENDING from now on. */
  pendingFor: Millis;
  /** Whether all changes of a zone are known to the name servers. */
  isInSync(zoneId: string): boolean;
  reset(): void;
}

interface MadeChange {
  readonly zoneId: string;
  readonly inSyncAt: Millis;
}

export function route53World(clock: Clock): Route53World {
  const changes = new Map<string, MadeChange>();
  const references = new Set<string>();
  const isDone = ({ inSyncAt }: MadeChange) => clock.monotonic() >= inSyncAt;
  const world: Route53World = {
    pendingFor: 0,
    async layer(call, next) {
      if (call.service !== 'route53') return next(call);
      switch (call.action) {
        case 'CreateHostedZone': {
          const reference = textIn(call.body, 'CallerReference');
          if (references.has(reference)) return renderError(call, alreadyExists(reference));
          const reply = await next(call);
          if (isOk(reply)) references.add(reference);
          return pending(call, reply);
        }
        case 'ChangeResourceRecordSets':
          return pending(call, await next(call));
        case 'GetChange': {
          const change = changes.get(call.path.split('/').at(-1) ?? '');
          const reply = await next(call);
          return change && !isDone(change) ? replaced(reply, /<Status>[^<]*/, '<Status>PENDING') : reply;
        }
        default:
          return next(call);
      }
    },
    isInSync: (zoneId) => [...changes.values()].every((change) => change.zoneId !== plainId(zoneId) || isDone(change)),
    reset() {
      changes.clear();
      references.clear();
      world.pendingFor = 0;
    },
  };
  function pending(call: AwsCall, reply: AwsReply): AwsReply {
    if (!isOk(reply)) return reply;
    const id = `C${String(changes.size + 1).padStart(12, '0')}`;
    const ofPath = /\/hostedzone\/([^/]+)\/rrset/.exec(call.path)?.[1];
    const zoneId = ofPath ?? plainId(/<HostedZone>[^]*?<Id>([^<]*)/.exec(reply.body.toString('utf8'))?.[1] ?? '');
    changes.set(id, { zoneId, inSyncAt: clock.monotonic() + world.pendingFor });
    const named = replaced(reply, /<Id>\/change\/[^<]*/, `<Id>/change/${id}`);
    return replaced(named, /(<ChangeInfo>[^]*?<Status>)[^<]*/, '$1PENDING');
  }
  return world;
}

function alreadyExists(reference: string) {
  const message = `A hosted zone has already been created with the specified caller reference ${reference}.`;
  return { status: 409, code: 'HostedZoneAlreadyExists', message };
}

function plainId(id: string): string {
  return id.replace(/^\/hostedzone\//, '');
}

function textIn(body: Buffer, element: string): string {
  return new RegExp(`<${element}>([^<]*)`).exec(body.toString('utf8'))?.[1] ?? '';
}

function replaced(reply: AwsReply, what: RegExp, by: string): AwsReply {
  return { ...reply, body: Buffer.from(reply.body.toString('utf8').replace(what, by)) };
}

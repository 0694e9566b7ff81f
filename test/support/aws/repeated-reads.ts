import type { AwsCall, AwsReply, Layer } from './call.ts';
import { isOk } from './sub-call.ts';

/** Answers of the emulator that are still true. */
export interface RepeatedReads {
  readonly layer: Layer;
  /** For changes that do not pass through the layer. */
  forget(): void;
}

/** Services of which the emulator's answers change by calls alone: by no clock, and by no read. */
const UNCHANGING = new Set(['ec2', 'rds', 'lambda', 'route53', 'route53resolver']);

/** What no call changes; CloudFormation asks for it with each resource. */
const LASTING = /^ec2 DescribeAvailabilityZones /;

/**
 * Answers a describe or a list that was asked before, word for word, without the emulator, as long as nothing but such
 * reads has been asked since. Drills look again and again; each look takes moto 5 to 20 ms of CPU. It stands next to moto.
 */
export function repeatedReads(): RepeatedReads {
  const answers = new Map<string, AwsReply>();
  let changes = 0;
  const forget = (): void => {
    changes += 1;
    answers.clear();
  };
  const change = (): void => {
    changes += 1;
    for (const key of answers.keys()) if (!LASTING.test(key)) answers.delete(key);
  };
  const layer: Layer = async (call, next) => {
    if (!isRead(call)) {
      // Twice: a read that runs beside the change may have been answered before it, and stored within it.
      change();
      return next(call).finally(change);
    }
    const key = keyOf(call);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const seen = changes;
    const reply = await next(call);
    if (seen === changes && isOk(reply)) answers.set(key, reply);
    return reply;
  };
  return { layer, forget };
}

function isRead({ service, action }: AwsCall): boolean {
  return UNCHANGING.has(service) && /^(Describe|List)/.test(action);
}

function keyOf({ service, action, region, accessKey, method, path, headers, body }: AwsCall): string {
  const said = [service, action, region, accessKey, method, path, headers['content-type'] ?? ''];
  return `${said.join(' ')}\n${body.toString('latin1')}`;
}

import { must } from './must.ts';
import type { NotificationTarget, NotifyChannel } from './runbook.ts';
import { secretRef } from './secret-ref.ts';
import { DEFAULT_OCCASIONS, type WrittenChannels, type WrittenTarget } from './written-notify.ts';

type WrittenUrl = NonNullable<WrittenChannels['webhook']>['url'];

/** Those who are told, of what, under names of their own. `folder`: absolute, of the file. */
export function normaliseNotify(notify: readonly WrittenTarget[], folder: string): readonly NotificationTarget[] {
  return withIds(
    notify.map((written) => {
      const channel = channelOf(written, folder);
      return { ...channel, on: channel.kind === 'heartbeat' ? ['passed'] : (written.on ?? DEFAULT_OCCASIONS) };
    }),
  );
}

/** Both lists as one: who is in both is told once, of what either says. */
export function mergeNotify(
  first: readonly NotificationTarget[],
  second: readonly NotificationTarget[],
): readonly NotificationTarget[] {
  const merged = new Map<string, Omit<NotificationTarget, 'id'>>();
  for (const { id: _, ...target } of [...first, ...second]) {
    const { on, ...channel } = target;
    const key = JSON.stringify(channel);
    merged.set(key, { ...target, on: [...new Set([...(merged.get(key)?.on ?? []), ...on])] });
  }
  return withIds([...merged.values()] as WithoutId[]);
}

type WithoutId = NotifyChannel & Pick<NotificationTarget, 'on'>;

/** Named after its kind and its place among those of that kind. */
function withIds(targets: readonly WithoutId[]): readonly NotificationTarget[] {
  const counts = new Map<string, number>();
  return targets.map((target) => {
    const place = (counts.get(target.kind) ?? 0) + 1;
    counts.set(target.kind, place);
    return { ...target, id: `${target.kind}-${place}` };
  });
}

const SMTP_PORTS = { starttls: 587, tls: 465, none: 25 } as const;

function channelOf({ slack, webhook, sns, smtp, heartbeat }: WrittenChannels, folder: string): NotifyChannel {
  if (slack) return { kind: 'slack', url: secretRef(slack.url, folder) };
  if (webhook) {
    const { url, secret } = webhook;
    return { kind: 'webhook', url: urlOf(url, folder), ...(secret && { secret: secretRef(secret, folder) }) };
  }
  if (sns) return { kind: 'sns', topic: sns.topic };
  if (smtp) {
    const { host, port, security = 'starttls', from, to, user, password } = smtp;
    return {
      kind: 'smtp',
      host,
      port: port ?? SMTP_PORTS[security],
      security,
      from,
      to,
      ...(user !== undefined && { user }),
      ...(password && { password: secretRef(password, folder) }),
    };
  }
  return { kind: 'heartbeat', url: urlOf(must(heartbeat, 'heartbeat').url, folder) };
}

function urlOf(written: WrittenUrl, folder: string) {
  return typeof written === 'string' ? written : secretRef(written, folder);
}

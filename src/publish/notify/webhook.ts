import { createHmac } from 'node:crypto';
import type { Instant } from '../../support/time.ts';
import { epochMillisOf } from '../../support/time.ts';
import type { Attempt, ChannelRequest } from './attempt.ts';
import { request } from './http.ts';

export interface WebhookChannel {
  readonly url: string;
  readonly secret?: string;
}

/**
 * Posts the message as JSON. With a secret, `x-drillbook-signature: t=<unix seconds>,v1=<hex>` lets the receiver know
 * it: HMAC-SHA-256 of `<t>.<body>`; the time is that of the try, so that an old request cannot be sent again unnoticed.
 */
export async function sendWebhook(
  { channel, delivery, tool }: ChannelRequest<WebhookChannel>,
  now: Instant,
  signal: AbortSignal,
): Promise<Attempt> {
  const { url, secret } = channel;
  const body = JSON.stringify(delivery.message.json);
  const headers = {
    'content-type': 'application/json',
    'user-agent': `drillbook/${tool}`,
    'x-drillbook-delivery': delivery.id,
    ...(secret !== undefined && { 'x-drillbook-signature': signatureOf(body, secret, now) }),
  };
  return request({ url, method: 'POST', headers, body }, signal);
}

function signatureOf(body: string, secret: string, now: Instant): string {
  const seconds = Math.floor(epochMillisOf(now) / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

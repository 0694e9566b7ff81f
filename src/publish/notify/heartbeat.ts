import type { ChannelRequest, Send } from './attempt.ts';
import { request } from './http.ts';

/** Asks for a URL whose owner raises the alarm when nobody has asked for too long. */
export const sendHeartbeat: Send<{ readonly url: string }> = async (
  { channel, tool }: ChannelRequest<{ readonly url: string }>,
  signal,
) => request({ url: channel.url, method: 'GET', headers: { 'user-agent': `drillbook/${tool}` } }, signal);

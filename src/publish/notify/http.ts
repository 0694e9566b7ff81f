import type { Millis } from '../../support/time.ts';
import { type Attempt, failedOn, failedWith } from './attempt.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * One HTTP request, of which only the status counts: any of 200 to 299 is success. A redirect is not followed, since it
 * would carry what is sent to where nobody allowed it to go, and of the body nothing is read. Proxies: as Node's fetch.
 */
export async function request({ url, method, headers, body }: HttpRequest, signal: AbortSignal): Promise<Attempt> {
  const place = placeOf(url);
  if (place === undefined) return BAD_URL;
  try {
    const response = await fetch(place.url, {
      method,
      redirect: 'manual',
      signal,
      headers: { 'accept-encoding': 'identity', ...headers, ...place.headers },
      ...(body !== undefined && { body }),
    });
    // A body may be endless: the connection is closed instead of read.
    response.body?.cancel().catch(() => {});
    if (response.status >= 200 && response.status < 300) return { kind: 'sent' };
    return failedWith(response.status, retryAfter(response.headers));
  } catch (error) {
    return failedOn(error);
  }
}

/** In seconds; a date (RFC 9110, section 10.2.3) is taken by the receiver's own clock, and so needs its `Date`. */
function retryAfter(headers: Headers): Millis | undefined {
  const written = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(written)) return Number(written) * 1_000;
  const wait = Date.parse(written) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

const BAD_URL: Attempt = {
  kind: 'failed',
  again: false,
  failure: {
    code: 'notify/bad-url',
    why: 'its address is no URL of http or https',
    hint: 'Look at what the environment variable, or the file, of its address holds.',
  },
};

/** Fetch refuses a URL with a user in it, and repeats it when it does. */
function placeOf(written: string): { url: string; headers: Record<string, string> } | undefined {
  const url = URL.canParse(written.trim()) ? new URL(written.trim()) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return undefined;
  const { username, password } = url;
  if (username === '' && password === '') return { url: url.href, headers: {} };
  url.username = '';
  url.password = '';
  const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  return { url: url.href, headers: { authorization: `Basic ${login}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

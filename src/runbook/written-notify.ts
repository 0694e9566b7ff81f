import { type Static, type TProperties, Type } from '@sinclair/typebox';

import { count, form, oneOfWords, text, writtenSecret } from './form.ts';
import type { Occasion } from './runbook.ts';

const OCCASIONS = ['passed', 'failed', 'inconclusive', 'leaked', 'late', 'missed', 'stale'] as const;

/** What people hear of who name no occasions: whatever is not as it should be. */
export const DEFAULT_OCCASIONS: readonly Occasion[] = OCCASIONS.filter((occasion) => occasion !== 'passed');

const secretUrl = { ...writtenSecret, description: 'Where the URL is read when it is needed.' };

function url(description: string) {
  return Type.Union([text('url', description), secretUrl], {
    description: `${description} Where it is itself a secret: { env: NAME } or { file: PATH }.`,
  });
}

const smtp = form(
  {
    host: text('host', 'The mail server.', { maxLength: 255 }),
    port: Type.Optional(count('Its port; by default 587, with tls 465, with none 25.', 1, 65_535)),
    security: Type.Optional(
      oneOfWords(
        ['starttls', 'tls', 'none'],
        'How it is spoken to: encrypted before anything is said (starttls) or from the first byte on (tls); none is for a server on this machine alone.',
        'starttls',
      ),
    ),
    from: text('mailbox', 'Who writes.', { maxLength: 254 }),
    to: Type.Array(text('mailbox', 'Who is told.', { maxLength: 254 }), {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: 'Who is told.',
    }),
    user: Type.Optional(text('text', 'Who logs in.', { maxLength: 255 })),
    password: Type.Optional(writtenSecret),
  },
  'Mail.',
  { dependencies: { user: ['password'], password: ['user'] } },
);

const channels = {
  slack: form({ url: secretUrl }, 'An incoming webhook of Slack; its URL is a secret.'),
  webhook: form(
    {
      url: url('Where the JSON is posted to.'),
      secret: Type.Optional({ ...writtenSecret, description: 'Signs each request: HMAC-SHA-256.' }),
    },
    'A request with JSON to any server.',
  ),
  sns: form({ topic: text('topic', 'ARN of the topic.') }, 'A topic of Amazon SNS.'),
  smtp,
  heartbeat: form(
    { url: url('What is asked for with GET.') },
    'Asked for after each drill that passed and left nothing, and never else: whoever misses it raises the alarm.',
  ),
};

export type WrittenChannels = { readonly [K in keyof typeof channels]?: Static<(typeof channels)[K]> };

const target = form(
  {
    ...(Object.fromEntries(
      Object.entries(channels).map(([key, channel]) => [key, Type.Optional(channel)]),
    ) satisfies TProperties),
    on: Type.Optional(
      Type.Array(oneOfWords(OCCASIONS, 'An occasion.'), {
        minItems: 1,
        uniqueItems: true,
        description: "What is told; by default all of them but 'passed'.",
      }),
    ),
  },
  'One way to tell, and of what.',
  { oneOf: Object.keys(channels).map((key) => ({ required: [key] })) },
);

/** One entry of a 'notify'. */
export type WrittenTarget = WrittenChannels & { readonly on?: readonly Occasion[] };

export const writtenNotify = Type.Unsafe<readonly WrittenTarget[]>(
  Type.Array(target, {
    maxItems: 20,
    description: 'Who is told of its drills. Nothing of it changes what a drill does or proves.',
  }),
);

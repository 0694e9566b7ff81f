import { type Static, Type } from '@sinclair/typebox';

import { DEFAULTS } from './defaults.ts';
import { ELSEWHERE, form, oneOfWords, text } from './form.ts';

const PROVIDER = 'Where sandboxes are made: local, on this machine; or aws, in an account of its own.';
const EXPIRY = "Counted from the drill's start; after it anyone may remove what the drill made.";
const SANDBOX = 'The isolated place of one drill.';
const ON_AWS = "That is said of a sandbox on AWS: add 'provider: aws', or leave the key out.";

const localSandbox = form(
  {
    // An editor has to offer 'aws' before anybody has written it: a sandbox that has it takes the other branch.
    provider: Type.Optional(
      Type.Unsafe<'local'>({ type: 'string', enum: ['local', 'aws'], description: PROVIDER, default: 'local' }),
    ),
    expiresAfter: Type.Optional(text('duration', EXPIRY, { default: DEFAULTS.local.expiresAfter })),
    isolation: Type.Optional(
      form(
        {
          minimum: Type.Optional(
            oneOfWords(
              ['L0', 'L1', 'L2'],
              'L0: own folder and settings. L1: no network either. L2: its own root too, so that no socket of the machine is seen.',
              'L2',
            ),
          ),
        },
        'How well a sandbox must be sealed off; less makes the drill inconclusive.',
      ),
    ),
  },
  SANDBOX,
  { [ELSEWHERE]: { account: ON_AWS, region: ON_AWS, role: ON_AWS, sharesAccountWithSources: ON_AWS } },
);

const awsSandbox = form(
  {
    provider: Type.Literal('aws', { description: PROVIDER }),
    account: text('account', 'The only account that a drill may change, which AWS must confirm first: 12 digits.'),
    region: text('region', 'Region of the sandbox and of the recovery points, for example eu-west-1.'),
    role: Type.Optional(text('role', 'ARN of the role to assume for all that is done in the sandbox account.')),
    sharesAccountWithSources: Type.Optional(
      Type.Boolean({
        description:
          "Accepts by name that sources live in the sandbox's own account, where a mistake could reach them.",
        default: false,
      }),
    ),
    expiresAfter: Type.Optional(text('duration', EXPIRY, { default: DEFAULTS.aws.expiresAfter })),
  },
  SANDBOX,
  {
    [ELSEWHERE]: {
      isolation: 'Leave it out: a sandbox on AWS is always a network of its own without any way out, which is proven.',
    },
  },
);

/** A sandbox as people write it. */
export type WrittenSandbox = Static<typeof localSandbox> | Static<typeof awsSandbox>;

/** `oneOf` with a discriminator cannot be had: `provider` may be left out. */
export const writtenSandbox = Type.Unsafe<WrittenSandbox>({
  description: SANDBOX,
  if: { type: 'object', properties: { provider: { const: 'aws' } }, required: ['provider'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, and nobody awaits a schema
  then: awsSandbox,
  else: localSandbox,
});

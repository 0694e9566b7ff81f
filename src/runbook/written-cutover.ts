import { type Static, Type } from '@sinclair/typebox';

import { form, name, text } from './form.ts';

const record = form(
  {
    name: text('dnsName', 'The record that people reach the service by, with its zone, for example db.shop.internal.'),
    to: name('The restored resource whose endpoint it is switched to.'),
  },
  'One record and where it leads after the switch.',
);

/** A cutover as people write it. */
export const writtenCutover = form(
  {
    zone: text(
      'hostedZone',
      'Id of the hosted zone in Route 53. It is only read: the switch is made in a private copy of it in the sandbox.',
    ),
    records: Type.Array(record, { minItems: 1, maxItems: 50, description: 'The records that are switched.' }),
    within: Type.Optional(
      text(
        'duration',
        'Longest time until every client follows: the measured switch and the longest that caches may keep the old answer.',
      ),
    ),
  },
  'Tries the switch of DNS to what was restored, in the sandbox, and measures it. On AWS only.',
);
export type WrittenCutover = Static<typeof writtenCutover>;

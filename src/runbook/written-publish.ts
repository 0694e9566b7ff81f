import { type Static, Type } from '@sinclair/typebox';

import { form, text } from './form.ts';

/** The namespace that CloudWatch metrics are put under where a runbook names none. */
export const DEFAULT_NAMESPACE = 'Drillbook';

/** Where figures of a drill go besides its report, as people write it; what is not there is not sent. */
export const writtenPublish = form(
  {
    cloudwatch: form(
      {
        namespace: Type.Optional(
          text('namespace', 'Namespace of the metrics.', { maxLength: 255, default: DEFAULT_NAMESPACE }),
        ),
        region: Type.Optional(
          text('region', "Region of the metrics; by default the sandbox's, else the one that AWS clients find."),
        ),
      },
      "Amazon CloudWatch, with the credentials that drillbook runs with; 'cloudwatch: {}' is enough.",
    ),
  },
  'Where the figures of a drill are sent besides its report.',
);
export type WrittenPublish = Static<typeof writtenPublish>;

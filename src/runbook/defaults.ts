/** What holds where a runbook says nothing, by the provider of its sandbox. */
export const DEFAULTS = {
  local: {
    expiresAfter: '2h',
    concurrency: 2,
    drill: '1h',
    restore: '30m',
    check: '10m',
    teardown: '10m',
  },
  aws: {
    expiresAfter: '6h',
    concurrency: 4,
    drill: '3h',
    restore: '2h',
    check: '14m',
    teardown: '1h',
  },
} as const;

/** A check on AWS runs in a Lambda function, which AWS ends after 15 minutes: one of them is left for its answer. */
export const LONGEST_CHECK_ON_AWS = '14m';

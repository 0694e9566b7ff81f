interface BucketTrouble {
  readonly because: string;
  readonly hint: string;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(NoSuchBucket|InvalidBucketName)$/, 'Make the bucket, or look at its name.'],
  [
    /^(AccessDenied|Forbidden|403|AllAccessDisabled|KMS\..*)$/,
    'Allow it to the credentials that drillbook runs with; the README says which calls are needed.',
  ],
  [
    /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|TokenRefreshRequired|CredentialsProviderError)$/,
    'Look at the credentials that drillbook runs with, and at the clock of this machine.',
  ],
  [
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301)$|region is missing/i,
    "Name the bucket's region: s3://bucket/prefix?region=eu-west-1.",
  ],
  [
    /^(InvalidRequest|ObjectLockConfigurationNotFoundError)$/,
    "'retain' needs a bucket that was made with Object Lock.",
  ],
  [
    /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT|TimeoutError)$/,
    "Look at the network and the proxy, and at the bucket's region.",
  ],
];
const ANY =
  "Look at the bucket's name and region and at what the credentials may do there, or name a folder with --reports.";

/** What the SDK puts before a message that is its own. */
const SDK_PREFIX = /^@smithy\/[\w-]+ - \[\w+\] /;

/** What a failed call to the bucket of the reports has to say, and what to do about it. */
export function bucketTrouble(cause: unknown): BucketTrouble {
  if (!(cause instanceof Error)) return { because: String(cause), hint: ANY };
  // Errors of the network have a code, an answer of S3 has a name.
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  const message = cause.message.replace(SDK_PREFIX, '');
  const said = message === code ? '' : message;
  const hint = HINTS.find(([pattern]) => pattern.test(code) || pattern.test(said))?.[1] ?? ANY;
  return { because: [code === 'Error' ? '' : code, said].filter(Boolean).join(': '), hint };
}

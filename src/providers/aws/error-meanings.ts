import type { Failure } from '../provider.ts';

/** What an error of AWS, or of the way there, means to a drill. */
export interface ErrorMeaning {
  readonly class: Failure['class'];
  readonly code: string;
  /** Ends the sentence `unable to …: `. */
  readonly why: string;
  readonly hint: string;
  /** Its words may hold what was signed or what a program for credentials printed, and are not shown. */
  readonly isUnspeakable?: true;
  /** No answer came at all. */
  readonly isUnreachable?: true;
}

/** What is known of an error without its words. */
export interface ErrorFacts {
  /** The SDK's name of it, e.g. `DBInstanceNotFoundFault`. */
  readonly name: string;
  /** HTTP status of the answer, when there was one. */
  readonly status?: number;
  /** E.g. `CloudFormation`. */
  readonly service?: string;
}

const THROTTLED: ErrorMeaning = {
  class: 'transient',
  code: 'aws/throttled',
  why: 'AWS is asked too often by this account',
  hint: 'Run the drill again later, or ask for higher API limits of the account.',
};
const UNAVAILABLE: ErrorMeaning = {
  class: 'transient',
  code: 'aws/unavailable',
  why: 'the service failed to answer',
  hint: "Look at the AWS Health Dashboard of the region, then run 'drillbook resume' or the drill again.",
};
const UNREACHABLE: ErrorMeaning = {
  class: 'transient',
  code: 'aws/unreachable',
  why: 'the connection failed',
  hint: "Look at the network and the proxy of this machine, and at 'sandbox.region', which is part of the address.",
  isUnreachable: true,
};
const UNTRUSTED: ErrorMeaning = {
  class: 'permanent',
  code: 'aws/untrusted-certificate',
  why: 'the certificate of the other end is not trusted here',
  hint: 'Let NODE_EXTRA_CA_CERTS name the certificate authority of your proxy, if it opens TLS connections.',
};
const DENIED: ErrorMeaning = {
  class: 'denied',
  code: 'aws/access-denied',
  why: 'the credentials in use may not do that',
  hint: "Run 'drillbook permissions RUNBOOK' and compare it with the policy of the credentials in use.",
};
const EXPIRED: ErrorMeaning = {
  class: 'denied',
  code: 'aws/credentials-expired',
  why: 'the credentials in use have expired',
  hint: "Log in again (for example with 'aws sso login'), then run 'drillbook resume'.",
  isUnspeakable: true,
};
const BAD_CREDENTIALS: ErrorMeaning = {
  class: 'denied',
  code: 'aws/bad-credentials',
  why: 'AWS does not accept the credentials in use',
  hint: "Look at AWS_PROFILE, AWS_ACCESS_KEY_ID and the shared credentials file; 'aws sts get-caller-identity' must work.",
  isUnspeakable: true,
};
const NO_CREDENTIALS: ErrorMeaning = {
  class: 'denied',
  code: 'aws/no-credentials',
  why: 'no credentials are to be had',
  hint: "Log in (for example with 'aws sso login'), or set AWS_PROFILE; 'aws sts get-caller-identity' must work.",
  isUnspeakable: true,
};
const WRONG_CLOCK: ErrorMeaning = {
  class: 'denied',
  code: 'aws/wrong-clock',
  why: 'the request was dated too far from the present',
  hint: 'Set the clock of this machine (AWS allows a few minutes), then run the drill again.',
  isUnspeakable: true,
};
const NOT_ENABLED: ErrorMeaning = {
  class: 'denied',
  code: 'aws/not-enabled',
  why: 'the account has not enabled this region or service',
  hint: "Enable it for the sandbox account, or choose another 'sandbox.region'.",
};
const NOT_FOUND: ErrorMeaning = {
  class: 'not-found',
  code: 'aws/not-found',
  why: 'what the call names does not exist',
  hint: 'Look whether something else removed it while the drill was under way, and whether the region is right.',
};
const QUOTA: ErrorMeaning = {
  class: 'permanent',
  code: 'aws/quota-exceeded',
  why: 'a quota of the account is used up',
  hint: "Remove what is no longer needed ('drillbook sweep' lists expired drills), or ask for a higher quota.",
};
const NO_CAPACITY: ErrorMeaning = {
  class: 'permanent',
  code: 'aws/no-capacity',
  why: 'AWS has no room for it at present',
  hint: "Run the drill later, or name another 'instanceClass' or 'sandbox.region' in the runbook.",
};
const KEY_UNUSABLE: ErrorMeaning = {
  class: 'permanent',
  code: 'aws/key-unusable',
  why: 'an encryption key cannot be used',
  hint: 'Look at the state and the policy of the KMS key of the backup; it must be enabled and allow these credentials.',
};
const WRONG_STATE: ErrorMeaning = {
  class: 'invalid',
  code: 'aws/wrong-state',
  why: 'what the call names is in a state that does not allow it, or still in use',
  hint: 'Look at it in the console of the sandbox account; wait until nothing is under way with it.',
};
const NAME_TAKEN: ErrorMeaning = {
  class: 'invalid',
  code: 'aws/name-taken',
  why: 'something of that name exists already',
  hint: 'Look at it by hand; remove or rename it if it is not needed, then run the drill again.',
};
const BUSY: ErrorMeaning = {
  class: 'transient',
  code: 'aws/busy',
  why: 'another change of it is under way',
  hint: 'Wait until the other change has ended, then run the drill again.',
};
const INVALID: ErrorMeaning = {
  class: 'invalid',
  code: 'aws/refused',
  why: 'AWS does not accept the call',
  hint: 'Look at what the message names in the runbook; if it is nothing of yours, report it as a bug of drillbook.',
};

/** Names of the SDK's own list of throttling errors (@smithy/core, service-error-classification), `Limit…` apart. */
const THROTTLING = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

/** In these services the name means a quota; in others (DynamoDB) too much at once. */
const LIMIT_IS_QUOTA = new Set(['CloudFormation', 'KMS', 'SecretsManager']);

/** What connections end with: Node's names, and the SDK's own for a timeout. */
const CONNECTION =
  /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|EPROTO|TimeoutError|RequestTimeout(Exception)?)$/;
const CERTIFICATE =
  /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/** The first pattern that fits a name decides: the special ones stand before the families they belong to. */
const BY_NAME: readonly (readonly [RegExp, ErrorMeaning])[] = [
  [/^(Insufficient\w*Capacity\w*|ProvisionedIopsNotAvailableInAZFault|StorageTypeNotAvailableFault)$/, NO_CAPACITY],
  [/^(InsufficientFreeAddressesInSubnet|InsufficientAvailableIPsInSubnetFault|CodeStorageExceededException)$/, QUOTA],
  [/QuotaExceeded|LimitExceeded|LimitReached/, QUOTA],
  [/^(ExpiredToken\w*|ExpiredTradeInTokenException|TokenProviderError)$/, EXPIRED],
  [/^(CredentialsProviderError|ProviderError|MissingAuthenticationToken\w*)$/, NO_CREDENTIALS],
  [/^(InvalidClientTokenId|UnrecognizedClient\w*|AuthFailure|InvalidAccessKeyId)$/, BAD_CREDENTIALS],
  [/^(SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature\w*)$/, BAD_CREDENTIALS],
  [/^(RequestExpired|RequestInTheFuture|RequestTimeTooSkewed)$/, WRONG_CLOCK],
  [/^(OptInRequired|RegionDisabledException|NotSignedUp|SubscriptionRequiredException)$/, NOT_ENABLED],
  [/^(KMS(Key)?\w*|KeyUnavailableException|DisabledException|DecryptionFailure|EncryptionFailure)$/, KEY_UNUSABLE],
  [/AccessDenied|NotAuthorized|Unauthorized|NoAuthorization|AuthorizationError|MissingPermissions/, DENIED],
  [/AlreadyExist|^ResourceExistsException$|\.Duplicate$|^InvalidPermission\.Duplicate/, NAME_TAKEN],
  [/^OperationInProgressException$|^DBInstanceNotReadyFault$/, BUSY],
  // RDS is at work on it, e.g. still making what is to be deleted: the same call is right a moment later.
  [/^InvalidDB(Instance|InstanceAutomatedBackup|Snapshot)StateFault$/, BUSY],
  [/NotFound|^NoSuch/, NOT_FOUND],
  [/^Invalid\w*State(Fault|Exception)?$|^DependencyViolation$|ResourceConflict|InUse$|InUseException$/, WRONG_STATE],
];

/**
 * What an error means, by its name first, then by its HTTP status.
 *
 * @returns `undefined` for an error that came neither from AWS nor from the way there
 */
export function meaningOf({ name, status, service }: ErrorFacts): ErrorMeaning | undefined {
  if (THROTTLING.has(name)) return THROTTLED;
  if (name === 'LimitExceededException' && !LIMIT_IS_QUOTA.has(service ?? '')) return THROTTLED;
  if (CONNECTION.test(name)) return UNREACHABLE;
  if (CERTIFICATE.test(name)) return UNTRUSTED;
  // Internal errors of KMS are its own failure, not the key's.
  if (name === 'KMSInternalException') return UNAVAILABLE;
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? byStatus(status);
}

function byStatus(status: number | undefined): ErrorMeaning | undefined {
  if (status === undefined) return undefined;
  if (status === 429) return THROTTLED;
  // An answer that cannot be read, whatever its status, comes from something in between, such as a proxy.
  if (status >= 500 || status < 400) return UNAVAILABLE;
  if (status === 401 || status === 403) return DENIED;
  return status === 404 ? NOT_FOUND : INVALID;
}

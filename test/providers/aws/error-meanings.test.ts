import { describe, expect, it } from 'vitest';
import { meaningOf } from '../../../src/providers/aws/error-meanings.ts';

const CASES: readonly (readonly [string, number | undefined, string, string])[] = [
  ['Throttling', 400, 'transient', 'aws/throttled'],
  ['ThrottlingException', 400, 'transient', 'aws/throttled'],
  ['RequestLimitExceeded', 503, 'transient', 'aws/throttled'],
  ['TooManyRequestsException', 429, 'transient', 'aws/throttled'],
  ['PriorRequestNotComplete', 400, 'transient', 'aws/throttled'],
  ['SlowDown', 503, 'transient', 'aws/throttled'],
  ['LimitExceededException', 400, 'transient', 'aws/throttled'],
  ['SomethingNew', 429, 'transient', 'aws/throttled'],
  ['InternalFailure', 500, 'transient', 'aws/unavailable'],
  ['ServiceUnavailable', 503, 'transient', 'aws/unavailable'],
  ['KMSInternalException', 500, 'transient', 'aws/unavailable'],
  ['SyntaxError', 200, 'transient', 'aws/unavailable'],
  ['ECONNRESET', undefined, 'transient', 'aws/unreachable'],
  ['ENOTFOUND', undefined, 'transient', 'aws/unreachable'],
  ['TimeoutError', undefined, 'transient', 'aws/unreachable'],
  ['RequestTimeout', 400, 'transient', 'aws/unreachable'],
  ['SELF_SIGNED_CERT_IN_CHAIN', undefined, 'permanent', 'aws/untrusted-certificate'],
  ['AccessDenied', 403, 'denied', 'aws/access-denied'],
  ['AccessDeniedException', 400, 'denied', 'aws/access-denied'],
  ['UnauthorizedOperation', 403, 'denied', 'aws/access-denied'],
  ['IamRoleMissingPermissionsFault', 400, 'denied', 'aws/access-denied'],
  ['ExpiredToken', 403, 'denied', 'aws/credentials-expired'],
  ['ExpiredTokenException', 400, 'denied', 'aws/credentials-expired'],
  ['TokenProviderError', undefined, 'denied', 'aws/credentials-expired'],
  ['InvalidClientTokenId', 403, 'denied', 'aws/bad-credentials'],
  ['UnrecognizedClientException', 400, 'denied', 'aws/bad-credentials'],
  ['AuthFailure', 401, 'denied', 'aws/bad-credentials'],
  ['SignatureDoesNotMatch', 403, 'denied', 'aws/bad-credentials'],
  ['CredentialsProviderError', undefined, 'denied', 'aws/no-credentials'],
  ['RequestTimeTooSkewed', 403, 'denied', 'aws/wrong-clock'],
  ['OptInRequired', 401, 'denied', 'aws/not-enabled'],
  ['DBInstanceNotFoundFault', 404, 'not-found', 'aws/not-found'],
  ['DBSnapshotNotFoundFault', 404, 'not-found', 'aws/not-found'],
  ['InvalidVpcID.NotFound', 400, 'not-found', 'aws/not-found'],
  ['ResourceNotFoundException', 404, 'not-found', 'aws/not-found'],
  ['NoSuchHostedZone', 404, 'not-found', 'aws/not-found'],
  ['InstanceQuotaExceededFault', 400, 'permanent', 'aws/quota-exceeded'],
  ['StorageQuotaExceededFault', 400, 'permanent', 'aws/quota-exceeded'],
  ['VpcLimitExceeded', 400, 'permanent', 'aws/quota-exceeded'],
  ['InsufficientFreeAddressesInSubnet', 400, 'permanent', 'aws/quota-exceeded'],
  ['InsufficientDBInstanceCapacityFault', 400, 'permanent', 'aws/no-capacity'],
  ['InsufficientInstanceCapacity', 500, 'permanent', 'aws/no-capacity'],
  ['ProvisionedIopsNotAvailableInAZFault', 400, 'permanent', 'aws/no-capacity'],
  ['KMSKeyNotAccessibleFault', 400, 'permanent', 'aws/key-unusable'],
  ['KMSInvalidStateException', 400, 'permanent', 'aws/key-unusable'],
  ['InvalidDBInstanceStateFault', 400, 'transient', 'aws/busy'],
  ['InvalidDBSnapshotStateFault', 400, 'transient', 'aws/busy'],
  ['InvalidVPCNetworkStateFault', 400, 'invalid', 'aws/wrong-state'],
  ['DependencyViolation', 400, 'invalid', 'aws/wrong-state'],
  ['DBInstanceAlreadyExistsFault', 400, 'invalid', 'aws/name-taken'],
  ['AlreadyExistsException', 400, 'invalid', 'aws/name-taken'],
  ['OperationInProgressException', 409, 'transient', 'aws/busy'],
  ['InvalidParameterCombination', 400, 'invalid', 'aws/refused'],
  ['SomethingNew', 400, 'invalid', 'aws/refused'],
  ['SomethingNew', 403, 'denied', 'aws/access-denied'],
  ['SomethingNew', 404, 'not-found', 'aws/not-found'],
];

describe('what an error of AWS means', () => {
  it.each(CASES)("takes '%s' with status %s for %s, '%s'", (name, status, kind, code) => {
    const meaning = meaningOf({ name, ...(status !== undefined && { status }) });
    expect({ class: meaning?.class, code: meaning?.code }).toEqual({ class: kind, code });
  });

  it('takes the limit of a service that has no throttling error of that name for a quota, which no retry mends', () => {
    const meaning = meaningOf({ name: 'LimitExceededException', status: 400, service: 'CloudFormation' });
    expect(meaning).toMatchObject({ class: 'permanent', code: 'aws/quota-exceeded' });
  });

  it.each(['TypeError', 'RangeError', 'Error', 'ENOENT', 'EACCES', 'AssertionError'])(
    "knows nothing of '%s' without an answer of AWS",
    (name) => {
      expect(meaningOf({ name })).toBeUndefined();
    },
  );
});

import { describe, expect, test } from 'vitest';
import { bucketTrouble } from '../../src/commands/bucket-trouble.ts';
import { openReports, parsePlace } from '../../src/commands/reports-place.ts';
import { workplace } from '../support/workplace.ts';

describe('what --reports names', () => {
  test.each([
    ['reports', { kind: 'folder', path: 'reports' }],
    ['../elsewhere/s3', { kind: 'folder', path: '../elsewhere/s3' }],
    ['/srv/drills?x', { kind: 'folder', path: '/srv/drills?x' }],
    ['s3://evidence', { kind: 's3', bucket: 'evidence', prefix: '' }],
    ['s3://evidence/', { kind: 's3', bucket: 'evidence', prefix: '' }],
    ['s3://evidence/a/b', { kind: 's3', bucket: 'evidence', prefix: 'a/b/' }],
    ['s3://evidence//a//b/', { kind: 's3', bucket: 'evidence', prefix: 'a/b/' }],
    ['s3://evidence/Team.A', { kind: 's3', bucket: 'evidence', prefix: 'Team.A/' }],
    ['s3://evidence?region=eu-west-1', { kind: 's3', bucket: 'evidence', prefix: '', region: 'eu-west-1' }],
    [
      's3://evidence/a?retain=governance:400d&region=us-gov-west-1',
      {
        kind: 's3',
        bucket: 'evidence',
        prefix: 'a/',
        region: 'us-gov-west-1',
        retention: { mode: 'GOVERNANCE', lasts: 400 * 86_400_000 },
      },
    ],
    [
      's3://evidence?retain=compliance:12h',
      { kind: 's3', bucket: 'evidence', prefix: '', retention: { mode: 'COMPLIANCE', lasts: 43_200_000 } },
    ],
  ])('%j is understood', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
  });

  test.each([
    ['', 'empty'],
    ['s3://', 'not s3://bucket/prefix'],
    ['s3:///drills', 'not s3://bucket/prefix'],
    ['s3://b', 'not s3://bucket/prefix'],
    ['s3://Evidence/drills', 'not s3://bucket/prefix'],
    ['s3://evidence-/drills', 'not s3://bucket/prefix'],
    ['s3://key:secret@evidence/drills', 'not s3://bucket/prefix'],
    ['s3://evidence/dr ills', 'not s3://bucket/prefix'],
    ['s3://evidence/drills#x', 'not s3://bucket/prefix'],
    ['s3://evidence/drills?region=eu-west-1?retain=governance:1d', 'not s3://bucket/prefix'],
    ['S3://evidence/drills', 'not s3://bucket/prefix'],
    ['s3:/evidence/drills', 'not s3://bucket/prefix'],
    ['gs://evidence/drills', 'not s3://bucket/prefix'],
    ['https://evidence.s3.amazonaws.com/drills', 'not s3://bucket/prefix'],
    ['s3://evidence/../other', "'..'"],
    ['s3://evidence/drills/..', "'..'"],
    ['s3://evidence/./drills', "'..'"],
    ['s3://evidence/drills?zone=a', "'zone'"],
    ['s3://evidence/drills?Region=eu-west-1', "'Region'"],
    ['s3://evidence/drills?region=', 'no region'],
    ['s3://evidence/drills?region=eu/west', 'no region'],
    ['s3://evidence/drills?region=eu-west-1&region=eu-west-2', 'said twice'],
    ['s3://evidence/drills?retain=', 'governance:400d'],
    ['s3://evidence/drills?retain=400d', 'governance:400d'],
    ['s3://evidence/drills?retain=governance:0d', 'governance:400d'],
    ['s3://evidence/drills?retain=legal-hold:1d', 'governance:400d'],
  ])('%j is refused', (text, because) => {
    expect(parsePlace(text)).toEqual({ kind: 'wrong', because: expect.stringContaining(because) as string });
  });

  test('what names no place is said in one sentence with a hint, and no folder is made for it', async () => {
    const place = await workplace();
    expect(await openReports('s3:/evidence', place.io)).toBe(2);
    expect(place.stderr()).toMatch(
      /^'s3:\/evidence' names no place for reports: .* \[usage\/bad-reports\]\nhint: Name a /,
    );
    await place.remove();
  });
});

describe('what is wrong with a bucket', () => {
  const named = (name: string, message = '') => Object.assign(new Error(message), { name });
  test.each([
    [named('NoSuchBucket', 'There is none'), 'NoSuchBucket: There is none', 'Make the bucket'],
    [named('AccessDenied', 'Access Denied'), 'AccessDenied: Access Denied', 'Allow it'],
    [named('ExpiredToken', 'too late'), 'ExpiredToken: too late', 'credentials'],
    [named('PermanentRedirect', 'elsewhere'), 'PermanentRedirect: elsewhere', '?region='],
    [new Error('Region is missing'), 'Region is missing', '?region='],
    [named('InvalidRequest', 'Bucket is missing Object Lock'), 'InvalidRequest: Bucket is', 'Object Lock'],
    [named('TimeoutError', 'too long'), 'TimeoutError: too long', 'network'],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'network'],
    [named('SlowDown', 'Reduce'), 'SlowDown: Reduce', '--reports'],
    ['odd', 'odd', '--reports'],
  ])('%s is told with what to do', (cause, because, hint) => {
    const told = bucketTrouble(cause);
    expect(told.because).toContain(because);
    expect(told.hint).toContain(hint);
    expect(told.hint).toMatch(/^[A-Z'].*\.$/);
  });
});

import { describe, expect, it } from 'vitest';
import { policyHash, policyTextHash, resolveTemplate } from '../../../../src/providers/aws/sandbox/endpoint-policy.ts';

const STATEMENT = { Effect: 'Allow', Principal: '*', Action: ['a:Get', 'a:List'], Resource: ['arn:x'] };
const POLICY = { Version: '2012-10-17', Statement: [STATEMENT] };

describe('the hash of a policy', () => {
  it.each([
    ['another order of keys', { Statement: [STATEMENT], Version: '2012-10-17' }],
    ['another order of actions', { ...POLICY, Statement: [{ ...STATEMENT, Action: ['a:List', 'a:Get'] }] }],
    ['one value for a list of one', { ...POLICY, Statement: { ...STATEMENT, Resource: 'arn:x' } }],
    ['the longer word for everybody', { ...POLICY, Statement: [{ ...STATEMENT, Principal: { AWS: ['*'] } }] }],
  ])('does not mind %s', (_what, same) => {
    expect(policyTextHash(JSON.stringify(same, undefined, 2))).toBe(policyHash(POLICY));
  });

  it.each([
    ['another action', { ...POLICY, Statement: [{ ...STATEMENT, Action: ['a:Get', 'a:Put'] }] }],
    ['a condition that is gone or new', { ...POLICY, Statement: [{ ...STATEMENT, Condition: {} }] }],
    ['a second statement', { ...POLICY, Statement: [STATEMENT, { ...STATEMENT, Resource: '*' }] }],
    ['another principal', { ...POLICY, Statement: [{ ...STATEMENT, Principal: { AWS: '1' } }] }],
  ])('tells %s', (_what, other) => {
    expect(policyHash(other)).not.toBe(policyHash(POLICY));
  });

  it('is no hash where there is no policy to be read', () => {
    expect(policyTextHash(undefined)).toBe('none');
    expect(policyTextHash('not json')).toBe('none');
  });
});

describe('a part of the template', () => {
  const place = { account: '123456789012', region: 'eu-west-1', partition: 'aws-cn' };

  it('is resolved as CloudFormation does it', () => {
    const part = {
      Resource: { 'Fn::Sub': 'arn:${AWS::Partition}:s:${AWS::Region}:${AWS::AccountId}:x' },
      Condition: [{ Ref: 'AWS::AccountId' }],
    };
    expect(resolveTemplate(part, place)).toEqual({
      Resource: 'arn:aws-cn:s:eu-west-1:123456789012:x',
      Condition: ['123456789012'],
    });
  });

  it('is not guessed at where it names what the proof does not know', () => {
    expect(() => resolveTemplate({ Ref: 'Vpc' }, place)).toThrow("'Vpc'");
  });
});

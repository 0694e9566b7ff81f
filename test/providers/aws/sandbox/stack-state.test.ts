import { describe, expect, it } from 'vitest';
import { describeEvent, firstFailure, stageOf } from '../../../../src/providers/aws/sandbox/stack-state.ts';

describe('the status of a stack', () => {
  it.each([
    ['CREATE_IN_PROGRESS', 'making'],
    ['CREATE_COMPLETE', 'made'],
    ['CREATE_FAILED', 'not-made'],
    ['ROLLBACK_IN_PROGRESS', 'not-made'],
    ['ROLLBACK_COMPLETE', 'not-made'],
    ['ROLLBACK_FAILED', 'not-made'],
    ['DELETE_IN_PROGRESS', 'going'],
    ['DELETE_FAILED', 'stuck'],
    ['DELETE_COMPLETE', 'gone'],
    ['UPDATE_COMPLETE', 'changed'],
    ['IMPORT_ROLLBACK_FAILED', 'changed'],
    ['SOMETHING_NEW', 'unknown'],
    [undefined, 'unknown'],
  ])('%s means %s', (status, stage) => {
    expect(stageOf(status)).toBe(stage);
  });
});

describe('the reason of a failure', () => {
  type Status = 'CREATE_IN_PROGRESS' | 'CREATE_FAILED' | 'DELETE_FAILED';
  const event = (id: string, status: Status, reason?: string, type = 'AWS::EC2::VPC') => ({
    LogicalResourceId: id,
    ResourceType: type,
    ResourceStatus: status,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
  });

  it('is that of the first event that failed by itself', () => {
    const events = [
      event('Vpc', 'CREATE_IN_PROGRESS', 'Resource creation Initiated'),
      event('Role', 'CREATE_FAILED', 'Resource creation cancelled'),
      event('Vpc', 'CREATE_FAILED', 'The maximum number of VPCs has been reached.'),
      event('Subnet', 'CREATE_FAILED', 'later'),
      event('stack', 'CREATE_FAILED', 'failed to create: [Vpc]', 'AWS::CloudFormation::Stack'),
    ];
    const reason = "'Vpc' (AWS::EC2::VPC): The maximum number of VPCs has been reached.";
    expect(firstFailure(events, 'CREATE_FAILED')).toBe(reason);
    expect(firstFailure(events, 'DELETE_FAILED')).toBeUndefined();
  });

  it('is told even where the service gives none', () => {
    expect(firstFailure([event('Vpc', 'DELETE_FAILED')], 'DELETE_FAILED')).toBe(
      "'Vpc' (AWS::EC2::VPC): no reason given",
    );
    expect(describeEvent(undefined)).toBe('no event yet');
  });
});

import type { StackEvent } from '@aws-sdk/client-cloudformation';
import type { Problem } from '../../../diagnostics/problem.ts';

/** What the status of a stack means for the sandbox it makes. */
export type StackStage = 'making' | 'made' | 'not-made' | 'going' | 'stuck' | 'gone' | 'changed' | 'unknown';

const STAGES: Readonly<Record<string, StackStage>> = {
  CREATE_IN_PROGRESS: 'making',
  CREATE_COMPLETE: 'made',
  CREATE_FAILED: 'not-made',
  ROLLBACK_IN_PROGRESS: 'not-made',
  ROLLBACK_COMPLETE: 'not-made',
  ROLLBACK_FAILED: 'not-made',
  DELETE_IN_PROGRESS: 'going',
  DELETE_FAILED: 'stuck',
  DELETE_COMPLETE: 'gone',
};

/** The stage that a status stands for. `changed`: somebody updates the stack, which no drill does. */
export function stageOf(status: string | undefined): StackStage {
  if (status === undefined) return 'unknown';
  const isForeign = /^(UPDATE|IMPORT|REVIEW)_/.test(status);
  return STAGES[status] ?? (isForeign ? 'changed' : 'unknown');
}

type Event = Pick<StackEvent, 'LogicalResourceId' | 'ResourceType' | 'ResourceStatus' | 'ResourceStatusReason'>;

/** What happened last, as words. */
export function describeEvent(event: Event | undefined): string {
  if (event === undefined) return 'no event yet';
  return `'${event.LogicalResourceId ?? 'unknown'}' ${event.ResourceStatus ?? 'unknown'}`;
}

/**
 * Why the stack came to a stop: the first event of that status. Whatever was under way when it happened is cancelled
 * and fails too, with a reason that says nothing; so does the stack itself, whose reason only names the others.
 *
 * @param events the oldest first
 */
export function firstFailure(events: readonly Event[], status: 'CREATE_FAILED' | 'DELETE_FAILED'): string | undefined {
  const failures = events.filter(
    ({ ResourceStatus, ResourceType, ResourceStatusReason = '' }) =>
      ResourceStatus === status &&
      ResourceType !== 'AWS::CloudFormation::Stack' &&
      !/^Resource (creation|deletion) cancelled/i.test(ResourceStatusReason),
  );
  const [first] = failures;
  if (first === undefined) return undefined;
  const { LogicalResourceId = 'unknown', ResourceType = 'unknown', ResourceStatusReason } = first;
  return `'${LogicalResourceId}' (${ResourceType}): ${ResourceStatusReason ?? 'no reason given'}`;
}

/** The sandbox could not be made. */
export function stackFailed(stackName: string, reason: string): Problem {
  return {
    code: 'aws/sandbox-failed',
    message: `the stack '${stackName}' could not be made: ${reason}`,
    hint: 'Remove what the reason names (a missing permission, a quota, a name that is taken), then run the drill again.',
    blames: 'environment',
  };
}

/** Somebody else works on the sandbox. */
export function stackChanged(stackName: string, status: string): Problem {
  return {
    code: 'aws/sandbox-changed',
    message: `the stack '${stackName}' is in status '${status}', which no drill brings about`,
    hint: "Find out in CloudTrail who changed the stack; a drill's stack is not to be updated.",
    blames: 'environment',
  };
}

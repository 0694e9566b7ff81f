import { DRILL_TAG } from '../names.ts';
import type { Conditions } from './policy-document.ts';

/** What is made gets a drill's mark in the very call that makes it. */
export const MARKING: Conditions = { Null: { [`aws:RequestTag/${DRILL_TAG}`]: 'false' } };

/** What is changed or removed carries a drill's mark. */
export const MARKED: Conditions = { Null: { [`aws:ResourceTag/${DRILL_TAG}`]: 'false' } };

/** CloudFormation asks for it with the rights of the session that made the stack; the session itself may not. */
export const BY_CLOUDFORMATION: Conditions = {
  StringEquals: { 'aws:CalledViaFirst': 'cloudformation.amazonaws.com' },
};

/** All of several conditions. */
export function allOf(...all: readonly Conditions[]): Conditions {
  const joined: Record<string, Record<string, string | readonly string[]>> = {};
  for (const conditions of all) {
    for (const [operator, keys] of Object.entries(conditions)) joined[operator] = { ...joined[operator], ...keys };
  }
  return joined;
}

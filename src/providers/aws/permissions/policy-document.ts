/** An IAM policy as AWS reads it, with nothing in it that this project does not use. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** What is allowed, and what is refused whatever else allows it; IAM refuses everything else without being told. */
export interface Statement {
  /** What the statement is for, unique within the document. */
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Conditions;
}

/** Operator → key → values; all keys of all operators must agree. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** The most characters of a managed policy; IAM does not count white space. */
export const MOST_CHARACTERS = 6144;

/** How many characters IAM counts; no value of ours contains white space. */
export function sizeOf(document: PolicyDocument): number {
  return JSON.stringify(document).length;
}

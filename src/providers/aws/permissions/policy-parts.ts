import { MOST_CHARACTERS, type PolicyDocument, type Statement, sizeOf } from './policy-document.ts';

/**
 * A policy as documents that each fit into a managed policy, in as few as come of taking statements in their order. No
 * statement is broken, and attached together they say exactly what the policy says.
 */
export function partsOf({ Version, Statement }: PolicyDocument): readonly PolicyDocument[] {
  const parts: Statement[][] = [];
  for (const statement of inOrder(Statement)) {
    const fitting = parts.find((part) => sizeOf({ Version, Statement: [...part, statement] }) <= MOST_CHARACTERS);
    if (fitting !== undefined) {
      fitting.push(statement);
      continue;
    }
    const alone = sizeOf({ Version, Statement: [statement] });
    if (alone > MOST_CHARACTERS) {
      throw new Error(
        `the statement '${statement.Sid}' is ${alone} characters long, and a policy may have ${MOST_CHARACTERS}`,
      );
    }
    parts.push([statement]);
  }
  return parts.map((part) => ({ Version, Statement: part }));
}

/** What is denied comes first: whoever attaches the first part alone, for now, has not left that out. */
function inOrder(statements: readonly Statement[]): readonly Statement[] {
  const isDenial = ({ Effect }: Statement) => Effect === 'Deny';
  return [...statements.filter(isDenial), ...statements.filter((one) => !isDenial(one))];
}

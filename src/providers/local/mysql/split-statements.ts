import { type DumpEnd, type ScanStep, type SplitRules, StatementScanner } from './statement-scanner.ts';

/** JavaScript's longest string is a little longer. */
const LONGEST = 500 * 1024 * 1024;

/**
 * Splits a dump into its statements as the servers' own client does, with its `DELIMITER` command and none of the others.
 * A statement is given byte for byte, each byte as one character (latin1), without its delimiter, and the next one is
 * looked for only when the consumer has dealt with it. Holds one statement and one chunk in memory.
 */
export async function* splitStatements(
  chunks: AsyncIterable<Buffer>,
  rules: SplitRules,
): AsyncGenerator<string, DumpEnd> {
  const scanner = new StatementScanner(rules);
  for await (const chunk of chunks) {
    scanner.push(chunk);
    const stopped = yield* found(scanner);
    if (stopped === 'client-command') return { kind: stopped };
    if (scanner.held > LONGEST) return { kind: 'too-long' };
  }
  scanner.finish();
  const stopped = yield* found(scanner);
  return stopped === 'client-command' ? { kind: stopped } : scanner.end();
}

function* found(scanner: StatementScanner): Generator<string, Exclude<ScanStep, object>> {
  for (;;) {
    const step = scanner.next();
    if (typeof step === 'string') return step;
    yield step.statement;
  }
}

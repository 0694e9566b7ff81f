/** What a command may touch of the process that runs it. */
export interface CommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder the command was called in. */
  readonly cwd: string;
  /** Whether stderr is a terminal, so that lines can be drawn over. */
  readonly isTerminal: boolean;
}

/** A sentence, and on its own line what to do about it. */
export function printProblem(
  io: Pick<CommandIo, 'stderr'>,
  problem: { code: string; message: string; hint: string },
): void {
  io.stderr(`${problem.message} [${problem.code}]\nhint: ${problem.hint}\n`);
}

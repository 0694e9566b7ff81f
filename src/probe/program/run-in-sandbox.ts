import type { Problem } from '../../diagnostics/problem.ts';

/** A program of ours that runs in a sandbox beside a restored resource, and starts the user's there. */
export interface SandboxedRun {
  /** An absolute path of the restored resource, by which its folder and its level of isolation are found. */
  readonly restored: string;
  readonly command: readonly string[];
  /** Absolute paths that are visible, besides the system's own programs. */
  readonly readOnly: readonly string[];
  /** Given on standard input, where no other user of the machine can read it. */
  readonly input: string;
  /** `loopback`: a network of its own in which 127.0.0.1 answers. */
  readonly network: 'none' | 'loopback';
}

/** What came out of a sandbox. */
export interface SandboxedOutput {
  /** Its beginning, at most 1 MiB. */
  readonly stdout: string;
  /** Bytes of standard output beyond that. */
  readonly discarded: number;
  /** Its end, at most 64 KiB. */
  readonly stderr: string;
  /** What was written on file descriptor 3. */
  readonly report: string;
}

/** Runs a program and leaves nothing of it, however it ends; aborted, it is killed with all that it started. */
export type RunInSandbox = (run: SandboxedRun, signal: AbortSignal) => Promise<SandboxedOutput | Problem>;

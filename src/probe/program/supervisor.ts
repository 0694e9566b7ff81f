import type { Millis } from '../../support/time.ts';

/** What the supervisor is told, as JSON on its standard input. */
export interface SupervisedProgram {
  readonly argv: readonly string[];
  /** Put over the supervisor's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; otherwise its folder for temporary files. */
  readonly cwd?: string;
  /** Where a socket is; `variable` tells of it by its folder. */
  readonly socket?: { readonly folder: string; readonly name: string; readonly variable: string };
  /** Ask it this on 127.0.0.1, instead of waiting for its end. */
  readonly ask?: {
    readonly port: number;
    readonly path: string;
    readonly patience: Millis;
    readonly mostBytes: number;
  };
}

/** What the supervisor tells, as JSON on file descriptor 3. */
export type SupervisorReport =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'silent' };

/**
 * Starts a program in its sandbox and tells how it ended, or what it answers; for `node -e`.
 *
 * It is there because it is process 1 of the sandbox: as such a program would neither die of most signals nor could be told
 * from the tools that built the sandbox. When it ends, the kernel ends all that is left. A program that goes on in the
 * background is asked on: only its failing ends the asking.
 *
 * A socket's address holds 107 bytes and a NUL (unix(7)). Where the path is longer, the program is given a handle of the
 * folder as its descriptor 3, and the path of that.
 */
export const SUPERVISOR_SCRIPT = `
const { spawn } = require('node:child_process'), fs = require('node:fs'), http = require('node:http');
const { argv, env, cwd, ask, socket } = JSON.parse(fs.readFileSync(0, 'utf8'));
let isTold = false;
const tell = (report) => {
  if (isTold) return;
  isTold = true;
  const bytes = Buffer.from(JSON.stringify(report));
  for (let at = 0; at < bytes.length;) at += fs.writeSync(3, bytes, at);
  process.exit(0);
};
const stdio = ['ignore', ask ? 'ignore' : 'inherit', 'inherit'];
if (socket && process.platform === 'linux' && Buffer.byteLength(socket.folder + '/' + socket.name) > 107) {
  stdio.push(fs.openSync(socket.folder, 'r'));
  env[socket.variable] = env[socket.variable].replace(socket.folder, () => '/proc/self/fd/3');
}
const program = spawn(argv[0], argv.slice(1), { cwd: cwd ?? process.env.TMPDIR, env: { ...process.env, ...env }, stdio });
program.on('error', (error) => tell({ kind: 'not-started', code: error.code }));
program.on('exit', (code, signal) => {
  if (signal !== null) tell({ kind: 'killed', signal });
  else if (!ask || code !== 0) tell({ kind: 'exited', code });
});
const until = ask && Date.now() + ask.patience;
const request = () => {
  if (Date.now() >= until) return tell({ kind: 'silent' });
  let isOver = false;
  const again = () => { if (!isOver) { isOver = true; setTimeout(request, 50); } };
  const sent = http.get({ host: '127.0.0.1', port: ask.port, path: ask.path, agent: false, timeout: until - Date.now() }, (answer) => {
    const parts = [];
    let bytes = 0;
    const end = () => tell({ kind: 'answered', status: answer.statusCode, body: Buffer.concat(parts).subarray(0, ask.mostBytes).toString('utf8') });
    answer.on('data', (part) => { parts.push(part); bytes += part.length; if (bytes >= ask.mostBytes) end(); });
    answer.on('end', end);
    answer.on('error', again);
    answer.on('aborted', again);
  });
  sent.on('timeout', () => sent.destroy(new Error('late')));
  sent.on('error', again);
};
if (ask) { setTimeout(() => tell({ kind: 'silent' }), ask.patience); request(); }
`;

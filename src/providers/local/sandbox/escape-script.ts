/** What the escape script is told; absolute paths. */
export interface EscapeTargets {
  readonly port: number;
  readonly socket: string;
  /** A file beside the socket. */
  readonly file: string;
  /** Folders that must not be writable. */
  readonly readOnly: readonly string[];
}

/** What the escape script saw: `connected`, `seen`, `written`, or the error's code. */
export interface EscapeAttempt {
  readonly tcp: string;
  readonly unix: string;
  readonly file: string;
  readonly writes: Readonly<Record<string, string>>;
  /** `user`, `net`, `mnt`, `pid`: the namespace's name, with its inode. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly interfaces: readonly string[];
  /** Interfaces that a route leads to. */
  readonly routes: readonly string[];
  /** Names in `/`. */
  readonly root: readonly string[];
  readonly mounts: readonly { readonly point: string; readonly source: string }[];
}

/**
 * Tries to get out, for `node -e`; takes `EscapeTargets` as JSON, prints an `EscapeAttempt` as JSON.
 *
 * It aims at 127.0.0.1 only. It goes to the socket's folder first, since a socket's address holds some 100 bytes only. A write is tried by O_TMPFILE, which leaves nothing behind even where it succeeds.
 */
export const ESCAPE_SCRIPT = `
const fs = require('node:fs'), net = require('node:net'), { basename, dirname } = require('node:path');
const targets = JSON.parse(process.argv[1]);
const connect = (to) => new Promise((resolve) => {
  const socket = net.connect(to);
  const end = (outcome) => { socket.destroy(); resolve(outcome); };
  socket.setTimeout(1000, () => end('ETIMEDOUT'));
  socket.once('connect', () => end('connected'));
  socket.once('error', (error) => end(error.code));
});
const connectUnix = async (path) => {
  try { process.chdir(dirname(path)); } catch (error) { return error.code; }
  try { return await connect({ path: basename(path) }); } finally { process.chdir('/'); }
};
const attempt = (action, done) => { try { action(); return done; } catch (error) { return error.code; } };
const lines = (file) => { try { return fs.readFileSync(file, 'utf8').trim().split('\\n').filter(Boolean); } catch { return []; } };
const O_TMPFILE = fs.constants.O_DIRECTORY | 0o20000000;
const write = (folder) => attempt(() => fs.closeSync(fs.openSync(folder, O_TMPFILE | fs.constants.O_WRONLY)), 'written');
const mount = (line) => {
  const [before, after] = line.split(' - ');
  return { point: before.split(' ')[4], source: after.split(' ').slice(0, 2).join(' ') };
};
(async () => {
  console.log(JSON.stringify({
    tcp: await connect({ host: '127.0.0.1', port: targets.port }),
    unix: await connectUnix(targets.socket),
    file: attempt(() => fs.statSync(targets.file), 'seen'),
    writes: Object.fromEntries(targets.readOnly.map((folder) => [folder, write(folder)])),
    namespaces: Object.fromEntries(['user', 'net', 'mnt', 'pid'].map((name) => [name, fs.readlinkSync('/proc/self/ns/' + name)])),
    interfaces: lines('/proc/net/dev').slice(2).map((line) => line.split(':')[0].trim()),
    routes: [
      ...lines('/proc/net/route').slice(1).map((line) => line.split(/\\s+/)[0]),
      ...lines('/proc/net/ipv6_route').map((line) => line.trim().split(/\\s+/).at(-1)),
    ],
    root: fs.readdirSync('/'),
    mounts: lines('/proc/self/mountinfo').map(mount),
  }));
})();
`;

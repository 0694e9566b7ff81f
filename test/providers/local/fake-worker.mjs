// Stands for the worker that restores: it keeps the same files in its folder, and restores nothing.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '';
const write = (name, value) => {
  writeFileSync(join(folder, `${name}.tmp`), JSON.stringify(value));
  renameSync(join(folder, `${name}.tmp`), join(folder, name));
};
const startTime = () => {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
};
const isLinux = process.platform === 'linux';
write('worker.json', {
  pid: process.pid,
  startTime: isLinux ? startTime() : '',
  bootId: isLinux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '',
});
const { request } = JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8'));
write('state.json', { kind: 'pending', detail: 'copying' });
const problem = { code: 'restore/bad', message: 'it is bad', hint: 'Take another.', blames: 'backup' };
const moment = { recoveryPointId: request.point.id, target: { kind: 'backup-end' } };
const facts = {
  moment,
  dataMoments: [],
  engineVersion: '18.4',
  bytesRestored: 1,
  spans: [],
  settings: [],
  warnings: [],
};
const endpoint = { kind: 'postgres', host: folder, port: 5432, superuser: 'postgres', credentialsFile: 'none' };
const end = request.spec.database;
if (end === 'failing') {
  write('state.json', { kind: 'failed', problem });
  process.exit(1);
}
if (end === 'dying') process.kill(process.pid, 'SIGKILL');
if (end !== 'stuck') write('state.json', { kind: 'ready', endpoint, facts });
setInterval(() => {}, 1000);

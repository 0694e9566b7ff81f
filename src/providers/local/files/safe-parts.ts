/**
 * The parts of a path that stays below a folder, none for the folder itself; or why it is refused. Doubled slashes, a
 * slash at the end and `.` change nothing.
 */
export function safeParts(path: string): readonly string[] | { readonly refused: string } {
  if (path.includes('\0')) return { refused: 'has a zero byte in its name' };
  if (path.startsWith('/')) return { refused: 'is an absolute path, which leads out of the folder' };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? { refused: 'leads out of the folder' } : parts;
}

/** The longest that a name in a runbook may be. */
const LONGEST = 40;

/** A text as a name of a runbook: a-z, 0-9 and single hyphens; `otherwise` where nothing of it can be kept. */
export function safeName(text: string, otherwise: string, longest: number = LONGEST): string {
  const name = text
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, longest)
    .replace(/-$/, '');
  return name === '' ? otherwise : name;
}

/** The name, or with the first number behind it that makes it none of those that are taken. */
export function untaken(name: string, taken: ReadonlySet<string>, longest: number = LONGEST): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const ending = `-${number}`;
    const other = `${name.slice(0, longest - ending.length).replace(/-$/, '')}${ending}`;
    if (!taken.has(other)) return other;
  }
}

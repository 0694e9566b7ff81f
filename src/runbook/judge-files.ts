import { reversed, vacuous } from './check-findings.ts';
import { type Finding, atValue, quoted } from './finding.ts';
import { TEXT_FORMS } from './form.ts';
import type { WrittenCheck } from './written-checks.ts';

/** What is said of a check of kind `files`: it asks for files, and its pattern can match one. */
export function judgeFiles(index: number, check: Extract<WrittenCheck, { kind: 'files' }>): readonly Finding[] {
  const { glob, atLeast = 1, atMost } = check;
  return [
    ...(atLeast === 0 ? [vacuous(index, ['atLeast'], 'no count lies below it')] : []),
    ...(atMost !== undefined && atLeast > atMost ? [reversed(index, ['atMost'], [atLeast, atMost])] : []),
    ...(glob === undefined || hasClosedBrackets(glob) ? [] : [openBracket(index, glob)]),
  ];
}

function openBracket(index: number, glob: string): Finding {
  const { code, hint } = TEXT_FORMS.glob;
  const message = `'checks[${index}].glob' is ${quoted(glob)}, of which a bracket has no other end`;
  return { code, at: atValue('checks', index, 'glob'), message, hint };
}

/** Matchers take a bracket without its other end for a character, which no file's name then has. */
function hasClosedBrackets(glob: string): boolean {
  const open: string[] = [];
  for (const character of glob) {
    const opening = { ']': '[', '}': '{', ')': '(' }[character];
    if ('[{('.includes(character)) open.push(character);
    else if (opening !== undefined && open.pop() !== opening) return false;
  }
  return open.length === 0;
}

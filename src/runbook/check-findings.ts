import { type Finding, atValue } from './finding.ts';

/** A check that no restore could fail, or a part of one that says nothing. */
export function vacuous(index: number, keys: readonly string[], because: string): Finding {
  return {
    code: 'vacuous-check',
    at: atValue('checks', index, ...keys),
    message: `'checks[${index}]' could never fail: ${because}`,
    hint: 'Ask for something that a damaged or empty restore would not give.',
  };
}

/** Bounds that nothing lies between. */
export function reversed(index: number, keys: readonly string[], [low, high]: readonly [number, number]): Finding {
  return {
    code: 'reversed-range',
    at: atValue('checks', index, ...keys),
    message: `the range is upside down: its lower bound ${low} lies above its upper bound ${high}`,
    hint: 'Write the lower bound first.',
  };
}

/** What is said of the regular expression under `expect`: it is one, and some text does not match it. */
export function judgePattern(index: number, source: string): readonly Finding[] {
  const pattern = patternOf(source);
  if (!pattern) {
    return [
      {
        code: 'bad-pattern',
        at: atValue('checks', index, 'expect', 'matches'),
        message: `'checks[${index}].expect.matches' is no regular expression`,
        hint: 'Close every bracket, and put a backslash before a character that stands for itself.',
      },
    ];
  }
  return ANYTHING.every((text) => pattern.test(text))
    ? [vacuous(index, ['expect', 'matches'], 'the pattern matches everything')]
    : [];
}

/** Texts so different that what matches all of them matches everything. */
const ANYTHING = ['a', '0', ' ', '-', 'Zz_9', 'é', '\u{1F600}'];

/** A regular expression as checks read it; `undefined` for what is none. */
export function patternOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
}

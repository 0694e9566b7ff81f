import type { ErrorCode } from 'yaml';

import type { Finding } from './finding.ts';

/** Our own words: the library's repeat pieces of the text, and those may be secret. */
const WORDS: Partial<Record<ErrorCode, readonly [message: string, hint: string]>> = {
  BAD_ALIAS: ['an alias is not well formed', 'Put a text that begins with an asterisk or an ampersand in quotes.'],
  BAD_DIRECTIVE: ['a directive is not understood', 'Leave out the lines that begin with a percent sign.'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes begins no known escape', 'Use single quotes, or double the backslash.'],
  BAD_INDENT: [
    'the indentation does not fit, or a bracket is not closed',
    'Indent by two spaces for each level and close every bracket.',
  ],
  BAD_SCALAR_START: ['a value begins with a reserved character', 'Put the value in quotes.'],
  BLOCK_AS_IMPLICIT_KEY: ['a second colon follows on the same line', 'Put the text in quotes, or begin a new line.'],
  BLOCK_IN_FLOW: ['a block stands inside brackets', 'Write the whole list or mapping in one style.'],
  MISSING_CHAR: [
    'a character is missing, such as a closing quote, a comma or a colon',
    'Close every quote and put a space after each colon.',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key runs over several lines', 'Look for a missing colon.'],
  TAB_AS_INDENT: ['a tab is used for indentation', 'Indent with spaces.'],
  UNEXPECTED_TOKEN: ['something stands where it cannot', 'Look for a missing colon, quote or bracket before it.'],
};

/** An error of the YAML library as a finding. */
export function explainSyntax(code: ErrorCode, position: readonly [number, number]): Finding {
  const [message, hint] = WORDS[code] ?? ['the text is not well-formed YAML', 'Compare it with an example.'];
  return { code: 'syntax', at: { kind: 'text', range: position }, message, hint };
}

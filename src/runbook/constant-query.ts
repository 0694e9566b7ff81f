/** Words before a parenthesis, or functions, that bring no data in. */
const DATALESS = new Set(
  'select values in as and or not on over filter case when then else any all some cast coalesce nullif greatest least count sum avg min max now abs round length lower upper concat clock_timestamp statement_timestamp transaction_timestamp to_timestamp date_trunc version pi random'.split(
    ' ',
  ),
);

/**
 * Whether a query gives the same whatever the database holds: no FROM, no TABLE, and no function that could read.
 *
 * Comments and strings are no part of it. A doubtful query counts as one that reads.
 */
export function isConstantQuery(query: string): boolean {
  const code = query
    // In one pass, since a comment may hold a quote and a string a dash.
    .replaceAll(/'[^']*'?|\$\$[^]*?(?:\$\$|$)|--[^\n]*|\/\*[^]*?(?:\*\/|$)|"[^"]*"?/g, (piece) =>
      piece.startsWith('"') ? piece : ' ',
    )
    .replaceAll(/\bdistinct\s+from\b/gi, '=')
    .toLowerCase();
  if (/\b(?:from|table)\b/.test(code)) return false;
  return Array.from(code.matchAll(/(?<![\w$".])([a-z_"][\w$".]*)\s*\(/g)).every(([, word]) => DATALESS.has(word!));
}

/** What needs no quotes: a word or a path that YAML can take for nothing else. */
const PLAIN = /^(?:(?:\.\.?\/)+\.?|\/\.?)?[A-Za-z_][\w./-]*$/;
/** Words that YAML 1.1 or 1.2 takes for a truth value or for nothing. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** YAML breaks lines at these, or readers do not see them: they are written as escapes. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text as YAML, in quotes where it could be read as something else. */
export function yamlScalar(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  if (text.search(INVISIBLE) === -1) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replaceAll(
    INVISIBLE,
    (one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  );
}

/** A text in a comment: nothing in it ends the line. */
export function inComment(text: string): string {
  return text.replaceAll(INVISIBLE, '?');
}

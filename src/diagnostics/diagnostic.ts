/**
 * A file that a person wrote is wrong, at a place.
 *
 * `message` is lower case, without a full stop, names in quotes; `hint` is a sentence that says what to do. Neither
 * holds a secret, and in `lineText` secrets are masked.
 */
export interface Diagnostic {
  /** Stable, `runbook/what-is-wrong` or `drill/what-is-wrong`, for people to search and scripts to match. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** As the reader named it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** UTF-16 units to underline; at least 1, and not past the end of the line. */
  readonly length: number;
  /** The whole line; empty when the file as a whole is meant. */
  readonly lineText: string;
}

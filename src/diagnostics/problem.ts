/**
 * The world said no: expected, journaled, shown to people.
 *
 * `message` is lower case, without a full stop, names in quotes, what happened and why. `hint` is a sentence that
 * says what to do. Neither ever holds a secret or a value from a row.
 */
export interface Problem {
  /** Stable, `room/what-happened`, for people to search and scripts to match. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /**
   * Whom it speaks against. `backup`: the recovery point itself is proven bad, so the drill has failed.
   * `environment`: the drill could not do or see something, so it is inconclusive.
   */
  readonly blames: 'backup' | 'environment';
}

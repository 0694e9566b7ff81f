/** Tags as the query and JSON protocols tell them, by key. */
export type Tags = Readonly<Record<string, string>>;

/** What is known of the simulated account's resources from the calls that made them. */
export interface Ledger {
  readonly account: string;
  /** Tags by ARN. */
  readonly tags: Map<string, Tags>;
  /** What an association of a route table binds, as ARNs, by its id. */
  readonly associations: Map<string, readonly string[]>;
  /** The key of an encrypted backup, by snapshot or source. */
  readonly keyOf: (backup: string) => string | undefined;
  /** The name of an instance by its resource id. */
  readonly instanceOf: (resourceId: string) => string;
}

/** A request for one action before it is known which condition keys AWS has for it. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly keys?: Readonly<Record<string, string | readonly string[]>>;
}

/** One action on one resource. */
export function ask(action: string, resource = '*', keys: Asked['keys'] = {}): Asked {
  return { action, resource, keys };
}

/** The tags of a request as condition keys. */
export function requestTags(tags: Tags): NonNullable<Asked['keys']> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]));
}

/** The tags that a query parameter holds as a list, e.g. `Tags.Tag`. */
export function tagsIn(params: Readonly<Record<string, string>>, prefix: string): Tags {
  const tags: Record<string, string> = {};
  for (let index = 1; ; index += 1) {
    const key = params[`${prefix}.${index}.Key`];
    if (key === undefined) return tags;
    tags[key] = params[`${prefix}.${index}.Value`] ?? '';
  }
}

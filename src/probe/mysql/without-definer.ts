/** Of a routine or an event that was made with ANSI_QUOTES, names are in double quotes. */
const NAME = '(?:`(?:[^`]|``)*`|"(?:[^"]|"")*")';
/** How both servers begin the definition of a view, a routine or an event; a role that defines one has no host. */
const HEAD = new RegExp(`^(CREATE (?:ALGORITHM=\\w+ )?)DEFINER=${NAME}(?:@${NAME})? `);

/** What `show create` gives, as a statement whose outcome belongs to whoever runs it. */
export function withoutDefiner(definition: string): string {
  return definition.replace(HEAD, '$1');
}

import { type Engine, versionNumber } from './engine.ts';
import { executes, versionedComment } from './versioned-comment.ts';

const TOKEN =
  /'(?:[^'\\]|\\[^]|'')*'?|"(?:[^"\\]|\\[^]|"")*"?|`(?:[^`]|``)*`?|--(?=\s|$)[^\n]*|#[^\n]*|\/\*M?!(?:\d{5,6})?|\/\*[^]*?(?:\*\/|$)|\*\//g;

/**
 * What a server executes of a statement, to be judged and not to be run: without comments, with the insides of versioned
 * ones that this server executes, with empty strings and names, on one line.
 */
export function executedText(statement: string, engine: Engine): string {
  const server = { flavour: engine.flavour, number: versionNumber(engine) };
  let text = '';
  let from = 0;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(statement); found; found = TOKEN.exec(statement)) {
    const [token] = found;
    text += statement.slice(from, found.index);
    from = found.index + token.length;
    const comment = versionedComment(token);
    if (comment && !executes(comment, server)) {
      const end = statement.indexOf('*/', from);
      from = end === -1 ? statement.length : end + 2;
      TOKEN.lastIndex = from;
    }
    text += /^['"`]/.test(token) ? `${token[0]}${token[0]}` : ' ';
  }
  return (text + statement.slice(from)).replace(/\s+/g, ' ').trim();
}

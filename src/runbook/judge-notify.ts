import { type Finding, type Path, atKey, atValue, quoted, written } from './finding.ts';
import { TEXT_FORMS } from './form.ts';
import type { WrittenChannels, WrittenTarget } from './written-notify.ts';

/** Hosts that are this machine, where nobody listens in on what is said. */
const THIS_MACHINE = ['127.0.0.1', 'localhost', '::1', '[::1]'];

/** What is said of those who are told: nothing goes to another machine in the open. */
export function judgeNotify(notify: readonly WrittenTarget[]): readonly Finding[] {
  return notify.flatMap((target, index) => [
    ...judgeUrl(target.webhook?.url, ['notify', index, 'webhook', 'url']),
    ...judgeUrl(target.heartbeat?.url, ['notify', index, 'heartbeat', 'url']),
    ...(target.smtp ? judgeSmtp(target.smtp, index) : []),
    ...(target.heartbeat && target.on ? [heartbeatOn(index)] : []),
  ]);
}

function judgeUrl(url: string | object | undefined, path: Path): readonly Finding[] {
  if (typeof url !== 'string') return [];
  const parsed = parseUrl(url);
  if (parsed === undefined) {
    const { code, is, hint } = TEXT_FORMS.url;
    const message = `'${written(path)}' is ${quoted(url)}, but must be ${is}`;
    return [{ code, at: atValue(...path), message, hint }];
  }
  if (parsed.protocol === 'https:' || THIS_MACHINE.includes(parsed.hostname)) return [];
  return [
    {
      code: 'not-encrypted',
      at: atValue(...path),
      message: `'${written(path)}' leads to '${parsed.hostname}' without encryption`,
      hint: "Write it with https; plain http is for '127.0.0.1' and 'localhost' alone.",
    },
  ];
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function judgeSmtp({ host, security }: NonNullable<WrittenChannels['smtp']>, index: number): readonly Finding[] {
  if (security !== 'none' || THIS_MACHINE.includes(host)) return [];
  return [
    {
      code: 'not-encrypted',
      at: atValue('notify', index, 'smtp', 'security'),
      message: `'notify[${index}].smtp' speaks to ${quoted(host)} without encryption`,
      hint: "Write 'starttls' or 'tls'; 'none' is for '127.0.0.1' and 'localhost' alone.",
    },
  ];
}

function heartbeatOn(index: number): Finding {
  return {
    code: 'unknown-key',
    at: atKey('notify', index, 'on'),
    message: `unknown key 'on' in 'notify[${index}]', which is a heartbeat`,
    hint: 'Leave it out: a heartbeat is sent after each drill that passed, and never else.',
  };
}

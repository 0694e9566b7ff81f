import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const EXAMPLES = fileURLToPath(new URL('../../docs/examples', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const read = (file: string) => readFileSync(join(EXAMPLES, file), 'utf8');
const files = readdirSync(EXAMPLES);

/** What a command takes, by the help of the built command line. */
const helps = new Map<string, { readonly options: ReadonlySet<string>; readonly takes: ReadonlySet<string> }>();
function helpOf(command: string) {
  const known = helps.get(command);
  if (known) return known;
  const help = execFileSync(process.execPath, [CLI, command, '--help'], { encoding: 'utf8' });
  expect(help).toMatch(new RegExp(`^Usage: drillbook ${command} `));
  const written = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)( <)?/gm)];
  const made = {
    options: new Set(written.map(([, name]) => name ?? '')),
    takes: new Set(written.flatMap(([, name, value]) => (value === undefined ? [] : [name ?? '']))),
  };
  helps.set(command, made);
  return made;
}

/** Words as a shell of these lines would give them: none of them needs more than spaces and quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** Every value below a document; a list of texts is one. */
function leaves(value: unknown): readonly unknown[] {
  if (isTexts(value)) return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [value];
}

/** The calls of drillbook in an example, without the program's own name. */
function callsIn(file: string): readonly (readonly string[])[] {
  const lines: readonly (readonly string[])[] = file.endsWith('.yaml')
    ? leaves(parse(read(file))).flatMap((one) => {
        if (isTexts(one)) return [one];
        return typeof one === 'string' ? one.split('\n').map(wordsOf) : [];
      })
    : read(file)
        .split('\n')
        .flatMap((line) => (line.startsWith('Exec') ? [wordsOf(line.slice(line.indexOf('=') + 1))] : []));
  return lines.flatMap((words) => {
    const at = words.findIndex((word) => /(^|\/)drillbook$/.test(word));
    const isCall = at === 0 || (at === 1 && words[0] === 'npx');
    return isCall && words.length > at + 1 ? [words.slice(at + 1)] : [];
  });
}

const calling = ['drillbook-once.service', 'drillbook.service', 'github-actions.yaml', 'kubernetes-cronjob.yaml'];

test.each(calling)('%s calls drillbook only as it can be called', (file) => {
  const calls = callsIn(file);
  expect(calls).not.toEqual([]);
  for (const [command = '', ...words] of calls) {
    const { options, takes } = helpOf(command);
    for (const [at, word] of words.entries()) {
      if (!word.startsWith('--')) continue;
      expect(options, `'${word}' of 'drillbook ${command}'`).toContain(word);
      const next = words[at + 1];
      if (takes.has(word)) expect(next, `what '${word}' takes`).toMatch(/^[^-]/);
    }
  }
});

/** Sections of a systemd unit, each with its lines in order. */
function unitOf(file: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of read(file).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) sections.set(name, (section = new Map<string, string>()));
    else {
      const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      expect(key, `a line of ${file}: ${line}`).not.toBe('');
      section.set(key, value);
    }
  }
  return sections;
}

describe('systemd', () => {
  test('the units are whole, and a stop reaches drillbook alone and leaves it time to tear down', () => {
    for (const file of ['drillbook.service', 'drillbook-once.service']) {
      const service = unitOf(file).get('Service');
      expect(service?.get('ExecStart'), file).toMatch(/^\//);
      expect([service?.get('KillMode'), service?.get('TimeoutStopSec')], file).toEqual(['mixed', '30min']);
    }
    expect(unitOf('drillbook.service').get('Service')?.get('SuccessExitStatus')).toBe('130');
  });

  test('the timer starts a unit that is there', () => {
    const timer = unitOf('drillbook-once.timer').get('Timer');
    expect(files).toContain(timer?.get('Unit'));
    expect(timer?.get('OnCalendar')).toMatch(/\S/);
  });
});

test('the CronJob has one pod at a time, and leaves drillbook time to tear down', () => {
  const { kind, spec } = parse(read('kubernetes-cronjob.yaml')) as {
    kind: string;
    spec: { concurrencyPolicy: string; jobTemplate: { spec: { template: { spec: Record<string, unknown> } } } };
  };
  expect([kind, spec.concurrencyPolicy]).toEqual(['CronJob', 'Forbid']);
  const pod = spec.jobTemplate.spec.template.spec;
  expect(pod).toMatchObject({ restartPolicy: 'Never', terminationGracePeriodSeconds: 1_800 });
});

test.each([
  ['quarterly.yaml', 'drill', read('quarterly.yaml')],
  ['aws-rds.yaml', 'runbook', read('aws-rds.yaml')],
  ['the drill in the README', 'drill', /```yaml\n([^`]*\ndrill: [^]*?)```/.exec(README)?.[1] ?? ''],
])('%s is one by the published schema', (_, kind, text) => {
  const schema = JSON.parse(
    readFileSync(new URL(`../../schema/${kind}.schema.json`, import.meta.url), 'utf8'),
  ) as object;
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  expect(ajv.validate(schema, parse(text)), ajv.errorsText()).toBe(true);
});

test('the README links each example that calls drillbook', () => {
  for (const file of calling) expect(README).toContain(`(docs/examples/${file})`);
});

import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildReport } from '../../src/report/build-report.ts';
import { escapeXml, oneLine } from '../../src/report/escape.ts';
import { formatBytes, formatInstant, formatSeconds } from '../../src/report/format.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import type { Report } from '../../src/report/report.ts';
import { reportTerminal } from '../../src/report/terminal.ts';
import { timeScaleOf } from '../../src/report/time-scale.ts';
import { reportWriters } from '../../src/report/writers.ts';
import { STORIES } from '../support/drill-stories.ts';

const reports = Object.entries(STORIES).map(([name, tell]) => [name, buildReport(tell(), { tool: '0.1.0' })] as const);

function reportOf(story: string): Report {
  return buildReport(STORIES[story]?.() ?? [], { tool: '0.1.0' });
}

describe('report.html', () => {
  test.each(reports)('of a drill that was %s fetches nothing, runs nothing and is whole', (_, report) => {
    const page = reportWriters['report.html'](report);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('default-src &#39;none&#39;');
    expect(page).not.toMatch(/<(script|img|link|iframe|object|embed|form|base)\b/i);
    expect(page).not.toMatch(/https?:|url\(|@import|<[^>]* on[a-z]+=/i);
    expect(unclosed(page.replace(/<style>[^]*?<\/style>/, '').replace('<!doctype html>', ''), ['meta'])).toEqual([]);
  });

  test('says the verdict first and in words', () => {
    const text = reportWriters['report.html'](reportOf('failed-damaged-table'))
      .replace(/<style>[^]*?<\/style>/, '')
      .replaceAll(/<[^>]*>/g, ' ');
    expect(text.indexOf('Failed')).toBeLessThan(text.indexOf('Objectives'));
    expect(text).toContain('59,924 of 60,000 rows');
  });
});

describe('the proofs of isolation in report.html', () => {
  const page = (count: number, broken = -1) => {
    const report = reportOf('passed');
    const [proof] = report.isolation.proofs;
    if (proof === undefined) throw new Error('no proof in the story');
    const proofs = Array.from({ length: count }, (_, index) => ({
      ...proof,
      holds: index !== broken,
      when: index % 2 === 0 ? 'at first' : 'at last',
    }));
    return reportWriters['report.html']({ ...report, isolation: { ...report.isolation, proofs } });
  };

  test('stand apart by when they were tried', () => {
    expect(page(6)).toMatch(/At first: 3 of 3 proofs held[^]*At last: 3 of 3 proofs held/);
  });

  test('are folded away when they are many, but for those of a look in which one is broken', () => {
    const open = (html: string) => html.match(/<details open>\s*<summary>At/g) ?? [];
    expect([open(page(6)).length, open(page(40)).length]).toEqual([2, 0]);
    expect(page(40, 1)).toMatch(/<details>\s*<summary>At first[^]*<details open>\s*<summary>At last: 19 of 20/);
  });
});

describe('a drill on AWS', () => {
  const report = reportOf('passed-on-aws');
  const place = 'account 123456789012, region eu-west-1, as role arn:aws:iam::123456789012:role/drillbook';
  const forms = {
    ...reportWriters,
    'terminal.txt': (one: Report) => reportTerminal(one, { color: false, width: 200 }),
  };

  test.each(['report.html', 'report.md', 'terminal.txt'] as const)('is told with its place in %s', (form) => {
    expect(forms[form](report)).toContain(place);
    const { role: _, ...withoutRole } = report.sandbox ?? { provider: 'aws' };
    expect(forms[form]({ ...report, sandbox: withoutRole })).toMatch(/region eu-west-1(?!, as)/);
    expect(forms[form]({ ...report, sandbox: { provider: 'local' } })).not.toMatch(/AWS|region|undefined/);
  });

  test('has a row with a name for each step of its cutover in the timeline', () => {
    const labels = [...forms['report.html'](report).matchAll(/class="what">(.*?)<\/span>/g)].map(([, label]) => label);
    expect(labels).toContain('<b>cutover</b> zone');
    expect(labels).toContain('cutover');
    // The axis has no name.
    expect(labels.slice(0, -1)).not.toContain('');
  });

  test.each([
    [{ outcome: 'met' }, /name="DNS cutover" time="34.620"\/>/],
    [{ outcome: 'missed', targetSeconds: 300 }, /name="DNS cutover"[^>]*>\s*<failure message="switched in 35 s/],
    [{ outcome: 'unmeasured', targetSeconds: null }, /name="DNS cutover"[^>]*>\s*<skipped message="switched in 35 s/],
    [{ outcome: 'unmeasured', switchedSeconds: null, because: 'no' }, /name="DNS cutover"[^>]*>\s*<error message="not/],
  ] as const)('has a cutover in junit.xml that ends as it did: %o', (change, expected) => {
    const cutover = report.cutover && { ...report.cutover, ...change };
    expect(forms['junit.xml']({ ...report, ...(cutover && { cutover }) })).toMatch(expected);
  });
});

describe('a drill that a schedule began', () => {
  const [started, ...rest] = STORIES['passed']?.() ?? [];
  if (started?.type !== 'drill-started') throw new Error('no start in the story');
  const late = { ...started, occurrence: { drill: 'quarterly', due: '2026-11-20T03:00:00.000Z', lateBy: 720_000 } };
  const report = buildReport([late, ...rest], { tool: '0.1.0' });

  test('says in report.json when it was due and how late it began, as the schema has it', () => {
    const written = JSON.parse(reportWriters['report.json'](report)) as Report;
    expect(written.occurrence).toEqual({ drill: 'quarterly', due: '2026-11-20T03:00:00.000Z', lateSeconds: 720 });
    const ajv = new Ajv({ strict: true });
    formats.default(ajv);
    expect(ajv.validate(reportSchema, written), ajv.errorsText()).toBe(true);
  });

  test.each(['report.html', 'report.md', 'terminal.txt'] as const)(
    'says so in %s; one that was not, does not',
    (form) => {
      const forms = {
        ...reportWriters,
        'terminal.txt': (one: Report) => reportTerminal(one, { color: false, width: 200 }),
      };
      const words = (one: Report) => forms[form](one).replaceAll('&#39;', "'");
      expect(words(report)).toMatch(/scheduled by 'quarterly', due 2026-11-20 03:00:00 UTC, began 12 m late/i);
      const { lateSeconds: _, ...inTime } = report.occurrence ?? { drill: '', due: '' };
      expect(words({ ...report, occurrence: inTime })).toMatch(/due 2026-11-20 03:00:00 UTC(?!, began)/);
      const { occurrence: __, ...byHand } = report;
      expect(words(byHand)).not.toMatch(/scheduled|undefined/);
    },
  );
});

describe('junit.xml', () => {
  test.each(reports)('of a drill that was %s is well-formed', (_, report) => {
    const xml = reportWriters['junit.xml'](report).replace(/^<\?xml[^?]*\?>/, '');
    expect(unclosed(xml, [])).toEqual([]);
    expect(xml).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;|#10;|#9;)/);
  });

  test.each(reports)('of a drill that was %s is green only when the drill passed', (_, report) => {
    const xml = reportWriters['junit.xml'](report);
    const isGreen = !/<(failure|error)\b/.test(xml);
    expect(isGreen).toBe(report.verdict === 'passed' && report.teardown.outcome === 'clean');
  });

  test('tells failed from inconclusive', () => {
    expect(reportWriters['junit.xml'](reportOf('failed-damaged-table'))).toContain('<failure');
    expect(reportWriters['junit.xml'](reportOf('inconclusive-check-errored'))).not.toContain('<failure');
    expect(reportWriters['junit.xml'](reportOf('inconclusive-check-errored'))).toContain('<error');
  });
});

describe('the terminal summary', () => {
  test.each(reports)(
    'of a drill that was %s says the same with and without colour, and fits its width',
    (_, report) => {
      const plain = reportTerminal(report, { color: false, width: 72 });
      const colored = reportTerminal(report, { color: true, width: 72 });
      expect(colored).toContain('\u001B[');
      expect(colored.replaceAll(/\p{Cc}\[\d+m/gu, '').replaceAll(/ +$/gm, '')).toBe(plain);
      expect(plain).not.toMatch(/(?!\n)\p{Cc}/u);
      for (const line of plain.split('\n')) {
        const isOneLongWord = !line.slice(15).includes(' ');
        if (!isOneLongWord) expect(line.length).toBeLessThanOrEqual(72);
      }
    },
  );
});

test('the terminal summary tells a problem of several checks once', () => {
  const seen = { code: 'check/data-corrupted', message: 'page 2 is damaged', hint: 'Keep it.' };
  const problem = { ...seen, blames: 'backup', warning: false } as const;
  const problems = ['check:one', 'check:two'].map((where) => ({ ...problem, where }));
  const text = reportTerminal({ ...reportOf('passed'), problems }, { color: false, width: 100 });
  expect(text.match(/page 2 is damaged/g)).toHaveLength(1);
});

test('no writer throws or lets markup through, whatever stands in a report', () => {
  const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
    const report = reportOf('failed-damaged-table');
    const checks = report.checks.map((check) => ({
      ...check,
      name: text,
      observed: text,
      expected: text,
      because: text,
    }));
    const odd: Report = {
      ...report,
      runbook: text,
      owner: text,
      because: text,
      reasons: [text, text],
      settings: [text],
      checks,
    };
    expect(unclosed(reportWriters['junit.xml'](odd).replace(/^<\?xml[^?]*\?>/, ''), [])).toEqual([]);
    const page = reportWriters['report.html'](odd)
      .replace(/<style>[^]*?<\/style>/, '')
      .replace('<!doctype html>', '');
    expect(unclosed(page, ['meta'])).toEqual([]);
    expect(reportWriters['report.md'](odd)).not.toContain('<');
    expect(reportTerminal(odd, { color: false, width: 80 })).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(JSON.parse(reportWriters['report.json'](odd))).toEqual(odd);
  });
  fc.assert(property, { numRuns: 200 });
});

describe('text for people', () => {
  test.each([
    [0, '0 ms'],
    [0.0874, '87 ms'],
    [4.25, '4.3 s'],
    [9.96, '10 s'],
    [59.6, '1 m'],
    [72, '1 m 12 s'],
    [3_600, '1 h'],
    [11_100, '3 h 5 m'],
    [90_000, '1 d 1 h'],
    [-3, '−3 s'],
  ])('a duration of %d s is %s', (seconds, words) => {
    expect(formatSeconds(seconds)).toBe(words);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 kB'],
    [48_300_000, '48.3 MB'],
    [123_456_789_012, '123 GB'],
  ])('%d bytes are %s', (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });

  test('a moment is in UTC, and what is no moment stays as it is', () => {
    expect(formatInstant('2026-11-20T03:00:00.123Z')).toBe('2026-11-20 03:00:00 UTC');
    expect(formatInstant('never')).toBe('never');
  });

  test('what XML cannot hold, what steers a terminal and what turns text around is taken out', () => {
    expect(escapeXml('a\u0000\u001B<b> & "c"\t\uD800\u202E')).toBe('a��&lt;b&gt; &amp; &quot;c&quot;\t��');
    expect(oneLine('a\r\nb\u001B[2Jc\u2028d\u202E')).toBe('a b [2Jc d�');
  });
});

describe('the scale of a timeline', () => {
  test('draws a long interruption shorter than it was, and keeps the order of all else', () => {
    const report = reportOf('interrupted-and-resumed');
    const scale = timeScaleOf(report);
    const places = [0, 0.2, 450, 900.3, 901, 902, scale.seconds].map((seconds) => scale.place(seconds));
    expect(scale.isCut).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.at(-1)).toBe(1);
    expect(scale.place(900.3) - scale.place(0.3)).toBeLessThan(0.15);
  });

  test('is even without interruptions', () => {
    const scale = timeScaleOf(reportOf('passed'));
    expect(scale.isCut).toBe(false);
    expect(scale.place(scale.seconds / 2)).toBeCloseTo(0.5);
  });
});

/** Elements that are not closed in order; text between them must hold no `<`. */
function unclosed(markup: string, empty: readonly string[]): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const rest = markup.replaceAll(
    /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/g,
    (_, close: string, name: string, __, own: string) => {
      if (close !== '') {
        if (open.pop() !== name) wrong.push(name);
      } else if (own === '' && !empty.includes(name)) open.push(name);
      return '';
    },
  );
  return [...open, ...wrong, ...(rest.match(/<.{0,20}/g) ?? [])];
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notifyOfDrill } from '../../src/commands/notify-drill.ts';
import { resumeCommand } from '../../src/commands/resume.ts';
import { runCommand } from '../../src/commands/run.ts';
import { teardownCommand } from '../../src/commands/teardown.ts';
import { verifyCommand } from '../../src/commands/verify.ts';
import type { DrillEvent, NewEvent } from '../../src/drill/events.ts';
import { ofType } from '../../src/drill/record.ts';
import { type Journal, JournalUnwritable } from '../../src/journal/journal.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { readJournalText } from '../../src/journal/read-journal.ts';
import type { Report } from '../../src/report/report.ts';
import type { NotificationTarget, Runbook } from '../../src/runbook/runbook.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aJournal, aPassedDrill, aResource, aShop } from '../support/journal-builder.ts';
import { type Answer, type Receiver, startReceiver, statuses } from '../support/receiver.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;
const started: Receiver[] = [];

beforeEach(async () => {
  place = await workplace();
});

afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
  await place.remove();
});

async function receiver(answer: Answer = statuses(200)): Promise<Receiver> {
  const one = await startReceiver(answer);
  started.push(one);
  return one;
}

function webhook(url: string, change: Partial<NotificationTarget> = {}): NotificationTarget {
  const on = ['passed', 'failed', 'inconclusive', 'leaked'] as const;
  return { kind: 'webhook', id: 'webhook-1', url, on, ...change } as NotificationTarget;
}

function aTold(url: string, ...others: readonly NotificationTarget[]): Runbook {
  return aShop({ notify: [webhook(url), ...others] });
}

const DRILL = 'shop-20261120t030000z-0a1b2c';

/** The drill's journal as it lies on disk. */
async function eventsOf(drillId = DRILL): Promise<readonly DrillEvent[]> {
  return readJournalText(await readFile(join(place.cwd, 'reports', drillId, 'journal.jsonl'), 'utf8')).events;
}

async function reportOf(drillId = DRILL): Promise<Report> {
  return JSON.parse(await readFile(join(place.cwd, 'reports', drillId, 'report.json'), 'utf8')) as Report;
}

const resume = async (id?: string) => resumeCommand(id, { reports: 'reports' }, place.io);

describe('a drill that ended before anybody was told', () => {
  it('is told of when it is resumed, once, and its report says so and stays what the journal gives', async () => {
    const { url, received } = await receiver();
    await place.journal(DRILL, aPassedDrill(aTold(url)).events);
    expect(await resume(), place.stderr()).toBe(0);
    expect(received.map(({ body }) => (JSON.parse(body) as { occasion: string }).occasion)).toEqual(['passed']);
    expect((await reportOf()).notifications).toEqual([
      { target: 'webhook-1', kind: 'webhook', occasion: 'passed', outcome: 'sent' },
    ]);
    expect(place.stderr()).toContain("told 'webhook-1' of 'passed'");
    expect(await verifyCommand(DRILL, { reports: 'reports' }, place.io), place.stdout()).toBe(0);
    await resume();
    await resume(DRILL);
    await teardownCommand(DRILL, { reports: 'reports' }, place.io);
    expect(received.length).toBe(1);
  });

  it('is told of to those alone whom no line of the journal names, under the id that they would have got', async () => {
    const [first, second] = [await receiver(), await receiver()];
    const runbook = aTold(first.url, webhook(second.url, { id: 'webhook-2' }));
    await place.journal(DRILL, aPassedDrill(runbook).events);
    await resume();
    const judged = ofType(await eventsOf(), 'notification-judged');
    expect(judged.map(({ target }) => target).sort()).toEqual(['webhook-1', 'webhook-2']);
    // As if the engine had been killed between the two.
    const { events } = aPassedDrill(runbook).add(plain(judged, 'webhook-1'));
    await rm(join(place.cwd, 'reports', DRILL), { recursive: true });
    await place.journal(DRILL, events);
    await resume();
    expect([first.received.length, second.received.length]).toEqual([1, 2]);
    expect(new Set(second.received.map(({ headers }) => headers['x-drillbook-delivery'])).size).toBe(1);
  });

  it('is told of once more when a teardown finds that something is left', async () => {
    const { url, received } = await receiver();
    const left = aJournal(aTold(url))
      .started()
      .planned()
      .sandboxed()
      .restored()
      .checked()
      .tornDown([aResource('orders')]);
    await place.journal(DRILL, left.finished().events);
    await resume();
    expect(received.map(({ body }) => (JSON.parse(body) as { occasion: string }).occasion).sort()).toEqual([
      'leaked',
      'passed',
    ]);
  });

  it('is left alone where its journal was changed', async () => {
    const { url, received } = await receiver();
    const events = aPassedDrill(aTold(url)).events.map((event, n) => (n === 3 ? { ...event, seq: 99 } : event));
    await place.journal(DRILL, events);
    await resume();
    expect(received).toEqual([]);
  });
});

function plain(judged: readonly NewEvent[], target: string): NewEvent {
  const one = judged.find((event) => event.type === 'notification-judged' && event.target === target);
  if (one === undefined) throw new Error(`'${target}' was not judged`);
  const { seq: _seq, epoch: _epoch, at: _at, mono: _mono, prev: _prev, ...event } = one as DrillEvent;
  return event;
}

describe('a drill', () => {
  const lines = (url: string) => [`notify: [{ webhook: { url: "${url}" }, on: [failed, inconclusive] }]`];

  it('is told of after its teardown and before its report, and ends with the code of its verdict', async () => {
    const seen: string[][] = [];
    const { url, received } = await receiver((response) => {
      void everyEvent().then((types) => {
        seen.push(types);
        response.writeHead(200).end();
      });
    });
    const everyEvent = async () => {
      const { listDrillFolders } = await import('../../src/commands/drill-folder.ts');
      return (await listDrillFolders(join(place.cwd, 'reports'))).flatMap(({ text }) =>
        text.events.map(({ type }) => type),
      );
    };
    const silent = await runCommand(await place.runbook('silent'), { reports: 'silent' }, place.io);
    const code = await runCommand(await place.runbook('shop', lines(url)), { reports: 'reports' }, place.io);
    expect([code, received.length], place.stderr()).toEqual([silent, 1]);
    expect(seen[0]?.at(-1)).toBe('drill-finished');
    expect((await everyEvent()).at(-1)).toBe('notification-judged');
  });

  it('whose receiver is out of order says so on stderr and in its report, and nothing else changes', async () => {
    const { url } = await receiver(statuses(404));
    const code = await runCommand(
      await place.runbook('shop', lines(url)),
      { reports: 'reports', json: true },
      place.io,
    );
    const report = JSON.parse(place.stdout()) as Report;
    expect([code, report.verdict, report.notifications?.[0]?.outcome]).toEqual([3, 'inconclusive', 'failed']);
    expect(place.stderr()).toMatch(/HTTP 404 \[notify\/refused\]\nhint: \S/);
  });
});

describe('telling of a drill', () => {
  const noAbort = new AbortController().signal;

  async function tell(events: readonly DrillEvent[], change: { journal?: Journal; abort?: AbortSignal } = {}) {
    const told: DrillEvent[] = [];
    const journal = memoryJournal(fakeClock(), events);
    const folder = await mkdtemp(join(tmpdir(), 'drillbook-notify-'));
    await rm(folder, { recursive: true });
    const onEvent = (event: DrillEvent) => void told.push(event);
    await notifyOfDrill(events, { io: place.io, journal, folder, abort: noAbort, onEvent, ...change });
    return told;
  }

  it('does nothing while the drill has not finished', async () => {
    const { url, received } = await receiver();
    await tell(aJournal(aTold(url)).started().planned().events);
    expect(received).toEqual([]);
  });

  it.each(['disk', 'taken-over'] as const)('goes on where the journal cannot be written any more: %s', async (why) => {
    const { url, received } = await receiver();
    const { events } = aPassedDrill(aTold(url));
    const append = async () => Promise.reject(new JournalUnwritable(why));
    expect(await tell(events, { journal: { events, append, close: async () => Promise.resolve() } })).toEqual([]);
    expect(received.length).toBe(1);
  });

  it('writes nothing after lines that a full disk has kept out of the journal', async () => {
    const { url, received } = await receiver();
    const { events } = aPassedDrill(aTold(url));
    const last = events.length - 1;
    expect(await tell(events.map((event, n) => (n === last ? { ...event, prev: '' } : event)))).toEqual([]);
    expect(received.length).toBe(1);
  });

  it('tells of a drill that was interrupted', async () => {
    const { url, received } = await receiver();
    const told = await tell(aPassedDrill(aTold(url)).events, { abort: AbortSignal.abort() });
    expect([told.length, received.length]).toEqual([1, 1]);
  });

  it('ends soon at a signal, and leaves what was not sent to a resume', async () => {
    const abort = new AbortController();
    const { url } = await receiver(() => abort.abort());
    const before = performance.now();
    expect(await tell(aPassedDrill(aTold(url)).events, { abort: abort.signal })).toEqual([]);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(place.stderr()).toContain("'drillbook resume' sends what was not sent");
  });

  it('lets no address and no secret into the journal, the report or the terminal', async () => {
    const { url } = await receiver(statuses(403));
    const io = { ...place.io, env: { HOOK: `${url}/URL-CANARY`, KEY: 'KEY-CANARY' } };
    const target = { url: { env: 'HOOK' }, secret: { env: 'KEY' } } as Partial<NotificationTarget>;
    const runbook = aShop({ notify: [webhook('', target)] });
    await place.journal(DRILL, aPassedDrill(runbook).events);
    await resumeCommand(DRILL, { reports: 'reports' }, io);
    const files = ['journal.jsonl', 'report.json', 'report.md', 'report.html', 'junit.xml'];
    const texts = await Promise.all(
      files.map(async (file) => readFile(join(place.cwd, 'reports', DRILL, file), 'utf8')),
    );
    expect(texts.join('')).toContain('HTTP 403');
    expect([...texts, place.stdout(), place.stderr()].join('')).not.toMatch(/CANARY|v1=[0-9a-f]{8}/);
  });
});

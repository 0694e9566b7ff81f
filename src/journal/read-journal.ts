import type { DrillEvent } from '../drill/events.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { NO_PREVIOUS } from './journal.ts';

/** What a journal's text holds. */
export interface JournalText {
  /** The events of the readable part, in order, without fenced ones. */
  readonly events: readonly DrillEvent[];
  /** Hash that the next line has to carry. */
  readonly lastHash: string;
  readonly lastSeq: number;
  readonly lastEpoch: number;
  /** Bytes of whole, good lines: what follows is a torn last line, or the bad one. */
  readonly goodBytes: number;
  /** How many lines those are, fenced ones too. */
  readonly goodLines: number;
  /** Whether a torn last line follows the good ones: an append that a crash cut short. */
  readonly torn: boolean;
  /** Lines written by an engine after another one had taken over: they are ignored. */
  readonly fencedLines: readonly number[];
  /** The first bad line that is not merely a torn last one, counted from 1. */
  readonly bad?: { readonly line: number; readonly because: string };
}

interface ReadLine {
  readonly line: number;
  readonly event: DrillEvent;
  readonly hash: string;
}

/**
 * Reads a journal: JSON lines, each with the SHA-256 of the line before.
 *
 * Only a last line without its newline is forgiven, since a crash leaves one; any other bad line ends the reading. What
 * an engine wrote after another one had taken over is fenced, wherever the two met in the file.
 */
export function readJournalText(text: string): JournalText {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const fencedLines: number[] = [];
  let chain: readonly ReadLine[] = [];
  let [goodBytes, goodLines] = [0, 0];
  let bad: JournalText['bad'];
  for (const [index, raw] of lines.entries()) {
    const event = eventOf(raw);
    const placed = typeof event === 'string' ? event : place(chain, event);
    if (typeof event === 'string' || typeof placed === 'string') {
      bad = { line: index + 1, because: typeof placed === 'string' ? placed : 'it is not an event' };
      break;
    }
    fencedLines.push(...chain.slice(placed.keep).map(({ line }) => line));
    if (placed.isFenced) fencedLines.push(index + 1);
    else chain = [...chain.slice(0, placed.keep), { line: index + 1, event, hash: sha256Hex(raw) }];
    goodBytes += Buffer.byteLength(raw) + 1;
    goodLines += 1;
  }
  const last = chain.at(-1);
  return {
    events: chain.map(({ event }) => event),
    lastHash: last?.hash ?? NO_PREVIOUS,
    lastSeq: last?.event.seq ?? 0,
    lastEpoch: last?.event.epoch ?? 0,
    goodBytes,
    goodLines,
    torn: bad === undefined && rest !== '',
    fencedLines,
    ...(bad && { bad }),
  };
}

/** How many lines of the chain stay before this event, and whether it joins them; or why it cannot be trusted. */
function place(chain: readonly ReadLine[], event: DrillEvent): { keep: number; isFenced: boolean } | string {
  const last = chain.at(-1);
  if (event.epoch < (last?.event.epoch ?? 0)) return { keep: chain.length, isFenced: true };
  const isTakeover = event.epoch > (last?.event.epoch ?? 0);
  const behind = event.prev === NO_PREVIOUS ? 0 : chain.findLastIndex(({ hash }) => hash === event.prev) + 1;
  const follows = event.prev === (last?.hash ?? NO_PREVIOUS);
  if (!follows && !(isTakeover && behind > 0)) return 'it does not carry the hash of the line before';
  if (event.seq !== behind + 1) return `it says it is number ${event.seq}`;
  return { keep: behind, isFenced: false };
}

function eventOf(line: string): DrillEvent | string {
  const value = parsed(line);
  if (typeof value !== 'object' || value === null) return 'it is not a JSON object';
  const event = value as DrillEvent;
  const isEvent = [typeof event.type, typeof event.at, typeof event.prev].every((type) => type === 'string');
  return isEvent && typeof event.epoch === 'number' ? event : 'it is not an event';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

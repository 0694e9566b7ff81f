import { formatSeconds } from './format.ts';
import type { ReportedCutover } from './report.ts';
import { errorInWords } from './words.ts';

/** A cutover's figures in one sentence without a full stop. */
export function cutoverFigure(cutover: ReportedCutover): string {
  const { switchedSeconds, worstCaseSeconds, targetSeconds, errorSeconds, because } = cutover;
  const target = targetSeconds === null ? 'no target' : `target ${formatSeconds(targetSeconds)}`;
  if (switchedSeconds === null || worstCaseSeconds === null)
    return `not done: ${because ?? 'nothing says why'}; ${target}`;
  const switched = `switched in ${formatSeconds(switchedSeconds)} ${errorInWords(errorSeconds)}`;
  return `${switched}, at worst ${formatSeconds(worstCaseSeconds)} with caches, ${target}`;
}

/** What the time of the switch is made of; empty where it was not done. */
export function cutoverParts({ parts }: ReportedCutover): string {
  if (parts === null) return '';
  const { api, inSync, resolved } = parts;
  return `calls ${formatSeconds(api)}, in effect after ${formatSeconds(inSync)}, resolved in the sandbox after ${formatSeconds(resolved)}`;
}

/** What the copy lacks, and what no drill measures. */
export function cutoverNotes({ source, copied, differences, zone }: ReportedCutover): readonly string[] {
  return [
    `tried in a private copy of '${zone}' with ${copied} of its records as they are; the zone itself was only read`,
    `measured by ${source}`,
    'not included: clients that keep addresses for longer than DNS lets them, such as pools and runtimes',
    ...differences.map(({ name, type, because }) => `not as in the zone: '${name}' (${type}), ${because}`),
  ];
}

import { type Finding, atKey, atValue, listed, quoted } from './finding.ts';
import { judgeChecks } from './judge-checks.ts';
import { judgeCutover } from './judge-cutover.ts';
import { DEFAULTS } from './defaults.ts';
import { judgeFit } from './judge-fit.ts';
import { judgeGroups } from './judge-groups.ts';
import { judgeNotify } from './judge-notify.ts';
import { judgePlace } from './judge-place.ts';
import { judgeResources } from './judge-resources.ts';
import { judgeRetry } from './judge-retry.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { TEXT_FORMS } from './form.ts';
import { parseMoment } from './moment.ts';
import { checkId } from './normalise-check.ts';
import type { SoundRunbook } from './sound-runbook.ts';
import type { WrittenPoint } from './written-recovery-point.ts';

/** What a schema cannot say. `folder`: the absolute folder of the runbook. */
export function judgeMeaning(runbook: SoundRunbook, folder: string): readonly Finding[] {
  return [
    ...judgeMoments(runbook),
    ...judgePicks(runbook),
    ...judgeDeadlines(runbook),
    ...judgePlace(runbook),
    ...judgeResources(runbook),
    ...judgeSentences(runbook),
    ...judgeFit(runbook),
    ...judgeRetry(runbook),
    ...judgeChecks(runbook, folder),
    ...judgeGroups(runbook),
    ...judgeCutover(runbook),
    ...judgeNotify(runbook.settings.notify ?? []),
  ];
}

/** The pattern lets the 30th of February through. */
function judgeMoments({ settings, restore }: SoundRunbook): readonly Finding[] {
  const moments = [
    { path: ['disasterAt'], text: settings.disasterAt },
    ...[...restore].flatMap(([name, one]) => {
      const point: WrittenPoint = one.recoveryPoint ?? {};
      return (['before', 'after', 'to'] as const).map((key) => ({
        path: ['restore', name, 'recoveryPoint', key],
        text: point[key],
      }));
    }),
  ];
  return moments.flatMap(({ path, text }) => {
    if (text === undefined || text === 'backup-end' || text === 'latest' || parseMoment(text) !== undefined) return [];
    const { code, hint } = TEXT_FORMS.moment;
    const message = `'${path.join('.')}' is ${quoted(text)}, which no calendar or clock shows`;
    return [{ code, at: atValue(...path), message, hint }];
  });
}

function judgePicks({ restore }: SoundRunbook): readonly Finding[] {
  return [...restore].flatMap(([name, { recoveryPoint }]) => {
    const ways = (['pick', 'before', 'after', 'tag', 'id'] as const).filter(
      (key) => recoveryPoint?.[key] !== undefined,
    );
    if (ways.length < 2) return [];
    return [
      {
        code: 'one-of',
        at: atKey('restore', name, 'recoveryPoint'),
        message: `'restore.${name}.recoveryPoint' has ${listed(ways)}, of which it takes one`,
        hint: "Keep one of them; 'within' narrows any of them.",
      },
    ];
  });
}

function judgeDeadlines({ settings, provider, sandboxIsSound }: SoundRunbook): readonly Finding[] {
  if (!sandboxIsSound) return [];
  const defaults = DEFAULTS[provider ?? 'local'];
  const drill = settings.limits?.drill ?? defaults.drill;
  const teardown = settings.limits?.teardown ?? defaults.teardown;
  const expiresAfter = settings.sandbox?.expiresAfter ?? defaults.expiresAfter;
  const needed = (parseDuration(drill) ?? 0) + (parseDuration(teardown) ?? 0);
  if (needed <= (parseDuration(expiresAfter) ?? Infinity)) return [];
  return [
    {
      code: 'does-not-fit',
      at: settings.sandbox?.expiresAfter === undefined ? atValue('limits') : atValue('sandbox', 'expiresAfter'),
      message: `a drill of ${drill} ('limits.drill') and a teardown of ${teardown} ('limits.teardown') do not fit before the sandbox expires after ${expiresAfter}`,
      hint: `Set 'sandbox.expiresAfter' to ${formatDuration(needed)} or more, or lower the limits.`,
    },
  ];
}

/** Checks are known by what is left of their sentences in a file name. */
function judgeSentences({ claims }: SoundRunbook): readonly Finding[] {
  const seen = new Map<string, string>();
  return claims.flatMap((claim, index) => {
    const purpose = claim['smoke'] === undefined ? 'integrity' : 'smoke';
    const sentence = claim[purpose];
    if (typeof sentence !== 'string' || checkId(sentence) === '') return [];
    const first = seen.get(checkId(sentence));
    seen.set(checkId(sentence), first ?? sentence);
    if (first === undefined) return [];
    return [
      {
        code: 'duplicate-name',
        at: atValue('checks', index, purpose),
        message: `the checks ${quoted(first)} and ${quoted(sentence)} would both be known as ${quoted(checkId(sentence))}`,
        hint: 'Say in one of them what makes it different.',
      },
    ];
  });
}

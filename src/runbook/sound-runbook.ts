import { type Shape, shapeOf } from './shape.ts';
import { type WrittenCheck, writtenCheck } from './written-checks.ts';
import { type WrittenRestore, writtenRestore } from './written-restore.ts';
import { type WrittenSettings, writtenSettings } from './written-runbook.ts';

/** What of a written runbook has the right form, so that its meaning is judged although other parts are wrong. */
export interface SoundRunbook {
  readonly settings: WrittenSettings;
  /** What the file says, or the default where it says nothing; absent where it says nothing that is known. */
  readonly provider?: 'local' | 'aws';
  /** Whether `settings` has as much of the sandbox as the file. */
  readonly sandboxIsSound: boolean;
  /** Every name under 'restore'. */
  readonly resources: readonly string[];
  readonly restore: ReadonlyMap<string, WrittenRestore>;
  readonly checks: readonly SoundCheck[];
  /** Every check, however it looks. */
  readonly claims: readonly Readonly<Record<string, unknown>>[];
}

export interface SoundCheck {
  readonly index: number;
  readonly check: WrittenCheck;
  /** As it stands in the file, with what is wrong. */
  readonly claim: Readonly<Record<string, unknown>>;
}

const settingsShape = shapeOf(writtenSettings);
const restoreShape = shapeOf(writtenRestore);
const checkShape = shapeOf(writtenCheck);

/** Takes the sound parts out of whatever a file held; all of them when its form is `whole`. */
export function soundRunbook(value: unknown, { whole }: { readonly whole: boolean }): SoundRunbook {
  const sound = <T>(shape: Shape<T>, part: unknown): T | undefined => (whole ? (part as T) : shape.sound(part));
  const top = recordOf(value);
  const restore = Object.entries(recordOf(top['restore']));
  const claims = Array.isArray(top['checks']) ? top['checks'].map(recordOf) : [];
  const settings = sound(settingsShape, withoutNames(top)) ?? {};
  const provider = providerOf(top['sandbox']);
  return {
    settings,
    ...(provider && { provider }),
    sandboxIsSound: top['sandbox'] === undefined || settings.sandbox !== undefined,
    resources: restore.map(([name]) => name),
    restore: new Map(
      restore.flatMap(([name, one]) => {
        const spec = sound(restoreShape, one);
        return spec ? [[name, spec]] : [];
      }),
    ),
    checks: claims.flatMap((claim, index) => {
      const check = sound(checkShape, claim);
      return check ? [{ index, check, claim }] : [];
    }),
    claims,
  };
}

function providerOf(sandbox: unknown): SoundRunbook['provider'] {
  if (sandbox === undefined) return 'local';
  if (typeof sandbox !== 'object' || sandbox === null) return undefined;
  const { provider = 'local' } = sandbox as { provider?: unknown };
  return provider === 'local' || provider === 'aws' ? provider : undefined;
}

const TOP_NAMES = new Set(['runbook', 'restore', 'checks']);

function withoutNames(top: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(top).filter(([key]) => !TOP_NAMES.has(key)));
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

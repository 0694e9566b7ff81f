import type { Problem } from '../diagnostics/problem.ts';
import type { Contents, Observation } from '../probe/observation.ts';
import type { ManifestCheck } from '../runbook/check-spec.ts';
import type { CheckContext, CheckKind, Judgement } from './check.ts';
import { counted, firstFew, notAsked, notObserved } from './judgements.ts';
import { judgeFiles, prepareFiles } from './manifest-files.ts';
import { type Comparison, compareContents } from './manifest-comparison.ts';
import type { FilesManifest, Manifest } from './manifest-format.ts';
import { isLaterMoment, isSameMoment } from './manifest-moment.ts';

type Usable = { readonly kind: 'whole' | 'bounded'; readonly manifest: Manifest };

/**
 * The restored contents are those that a manifest lists. All of it holds for a restore of the manifest's own moment;
 * for a later one only its bounded entries do, and for any other nothing.
 */
export const manifestCheck: CheckKind<ManifestCheck> = {
  prepare(spec, context) {
    const files = filesManifestOf(context);
    if (files) return prepareFiles(files, context);
    const usable = usableFor(spec, context);
    if ('outcome' in usable) return usable;
    const { kind, manifest } = usable;
    const bounded = manifest.contents.bounded.map(({ table, where }) => ({ table, where }));
    return { kind: 'contents', database: spec.database, bounded, scope: kind === 'whole' ? 'all' : 'bounded' };
  },
  judge(spec, observation, context) {
    const files = filesManifestOf(context);
    if (files) return judgeFiles(files, observation, context);
    const usable = usableFor(spec, context);
    if ('outcome' in usable) return usable;
    return judgeContents(usable, observation);
  },
};

function filesManifestOf({ manifest }: CheckContext): FilesManifest | undefined {
  return manifest !== undefined && 'entries' in manifest ? manifest : undefined;
}

function usableFor({ database }: ManifestCheck, context: CheckContext): Usable | Judgement {
  const { manifest } = context;
  const expected = 'the contents of the manifest';
  if (manifest === undefined) return notObserved(noManifest(), expected);
  if ('code' in manifest) return notObserved(manifest, expected);
  if ('entries' in manifest) throw new Error('a manifest of files, taken for one of a database');
  if (manifest.database !== database) return notObserved(otherDatabase(manifest.database, database), expected);
  if (isSameMoment(manifest, context)) return { kind: 'whole', manifest };
  const because = `the manifest describes ${momentOf(manifest)}, which is not the moment that was restored`;
  if (manifest.contents.bounded.length === 0) return { outcome: 'skipped', observed: 'nothing', expected, because };
  if (isLaterMoment(manifest, context)) return { kind: 'bounded', manifest };
  return { outcome: 'skipped', observed: 'nothing', expected, because: `${because}, nor known to be an earlier one` };
}

function momentOf({ moment }: Manifest): string {
  return `${moment.recoveryPointId === undefined ? `WAL position ${moment.lsn}` : `recovery point '${moment.recoveryPointId}'`} at ${moment.at}`;
}

function judgeContents({ kind, manifest }: Usable, observation: Observation): Judgement {
  const expectedContents = kind === 'whole' ? manifest.contents : { ...manifest.contents, tables: [] };
  const expected = summaryOf(expectedContents);
  if (observation.kind !== 'contents') return notAsked(observation, expected);
  const comparison = compareContents(expectedContents, observation.contents, kind === 'whole');
  const observed = observedOf(comparison, observation.contents);
  const because = failedBecause(comparison);
  if (because !== undefined) return { outcome: 'failed', observed, expected, because };
  if (comparison.unreadable) return { ...notObserved(comparison.unreadable, expected), observed };
  if (kind === 'bounded') {
    const left = `the manifest describes ${momentOf(manifest)}: whole tables and the schema were skipped`;
    return { outcome: 'passed', observed, expected, because: `only bounded entries were compared, since ${left}` };
  }
  if (!comparison.isSchemaCompared) {
    const { engineMajor } = manifest.contents;
    return {
      outcome: 'skipped',
      observed,
      expected,
      because: `the schema was recorded by PostgreSQL ${engineMajor}, and prints differently in another major`,
    };
  }
  return { outcome: 'passed', observed, expected };
}

function failedBecause({ differences, compared, rowsCompared }: Comparison): string | undefined {
  if (differences.length > 0) return firstFew(differences);
  if (compared === 0) return 'the manifest lists no table, so nothing was compared';
  return rowsCompared === 0 ? 'every table that the manifest lists is empty, so nothing was observed' : undefined;
}

function summaryOf({ tables, bounded }: Contents): string {
  const rows = [...tables, ...bounded].reduce((sum, { rows = 0 }) => sum + rows, 0);
  return `${entriesOf(tables.length, bounded.length)} with ${counted(rows, 'row')} and their content hashes`;
}

function observedOf({ differences }: Comparison, contents: Contents): string {
  const found = differences.length === 0 ? 'no difference' : counted(differences.length, 'difference');
  return `${found} in ${entriesOf(contents.tables.length, contents.bounded.length)}`;
}

function entriesOf(tables: number, bounded: number): string {
  const parts = tables > 0 || bounded === 0 ? [counted(tables, 'table')] : [];
  if (bounded > 0) parts.push(counted(bounded, 'bounded entry', 'bounded entries'));
  return parts.join(' and ');
}

function noManifest(): Problem {
  return {
    code: 'check/no-manifest',
    message: 'unable to compare the contents: there is no manifest',
    hint: 'Record one from the living source with drillbook manifest.',
    blames: 'environment',
  };
}

function otherDatabase(recorded: string, wanted: string): Problem {
  return {
    code: 'check/manifest-of-another-database',
    message: `unable to compare the contents: the manifest describes database '${recorded}', not '${wanted}'`,
    hint: "Name the manifest of that database in the check's 'file', or the database of the manifest in 'database'.",
    blames: 'environment',
  };
}

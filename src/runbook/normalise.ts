import { dirname, resolve } from 'node:path';

import type { Instant, Millis } from '../support/time.ts';
import { DEFAULTS } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { parseMoment } from './moment.ts';
import { must } from './must.ts';
import { normaliseCheck } from './normalise-check.ts';
import { normaliseCutover } from './normalise-cutover.ts';
import { normaliseNotify } from './normalise-notify.ts';
import { normalisePublication } from './normalise-publication.ts';
import { normaliseRestore } from './normalise-restore.ts';
import type { Limits, Objectives, Runbook, SandboxSpec } from './runbook.ts';
import type { WrittenRunbook } from './written-runbook.ts';
import type { WrittenSandbox } from './written-sandbox.ts';

/** A written runbook in which nothing is wrong, with nothing left to parse. */
export function normalise(
  written: WrittenRunbook,
  { file, sandboxFolder }: { readonly file: string; readonly sandboxFolder: string },
): Runbook {
  const sandbox = written.sandbox ?? {};
  const path = resolve(file);
  const folder = dirname(path);
  const around = { folder, ...(sandbox.provider === 'aws' && { account: sandbox.account }) };
  const restore = Object.entries(written.restore).map(([name, one]) => normaliseRestore(name, one, around));
  return {
    name: written.runbook,
    file: path,
    ...(written.owner !== undefined && { owner: written.owner }),
    tags: written.tags ?? [],
    ...(written.tier !== undefined && { tier: written.tier }),
    objectives: normaliseObjectives(written.objectives),
    sandbox: normaliseSandbox(sandbox, sandboxFolder),
    ...(written.disasterAt !== undefined && { disasterAt: moment(written.disasterAt) }),
    limits: normaliseLimits(written.limits ?? {}, DEFAULTS[sandbox.provider ?? 'local']),
    ...(written.publish && { publish: normalisePublication(written.publish) }),
    ...(written.notify && { notify: normaliseNotify(written.notify, folder) }),
    restore,
    ...(written.groups && {
      groups: written.groups.map(({ group, of, maxSkew }) => ({ name: group, of, maxSkew: duration(maxSkew) })),
    }),
    checks: written.checks.map((check) => normaliseCheck(check, { restore, folder })),
    ...(written.cutover && { cutover: normaliseCutover(written.cutover) }),
  };
}

/** Objectives as drills and runbooks write them. */
export function normaliseObjectives(written: WrittenRunbook['objectives']): Objectives {
  const rto = typeof written?.rto === 'string' ? { target: written.rto } : written?.rto;
  return {
    ...(rto && { rto: { target: duration(rto.target), until: rto.until ?? 'verified' } }),
    ...(written?.rpo !== undefined && { rpo: { target: duration(written.rpo) } }),
  };
}

function normaliseSandbox(written: WrittenSandbox, sandboxFolder: string): SandboxSpec {
  if (written.provider === 'aws') {
    const { account, region, role, sharesAccountWithSources } = written;
    return {
      provider: 'aws',
      account,
      region,
      ...(role !== undefined && { role }),
      sharesAccountWithSources: sharesAccountWithSources ?? false,
      expiresAfter: duration(written.expiresAfter ?? DEFAULTS.aws.expiresAfter),
      minimumIsolation: 'VPC',
    };
  }
  return {
    provider: 'local',
    expiresAfter: duration(written.expiresAfter ?? DEFAULTS.local.expiresAfter),
    minimumIsolation: written.isolation?.minimum ?? 'L2',
    folder: resolve(sandboxFolder),
  };
}

function normaliseLimits(
  written: NonNullable<WrittenRunbook['limits']>,
  defaults: (typeof DEFAULTS)[keyof typeof DEFAULTS],
): Limits {
  return {
    concurrency: written.concurrency ?? defaults.concurrency,
    drill: duration(written.drill ?? defaults.drill),
    restore: duration(written.restore ?? defaults.restore),
    check: duration(written.check ?? defaults.check),
    teardown: duration(written.teardown ?? defaults.teardown),
  };
}

function duration(text: string): Millis {
  return must(parseDuration(text), text);
}

function moment(text: string): Instant {
  return must(parseMoment(text), text);
}

import type { Observation, ObservationRequest } from '../probe/observation.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { unreachable } from '../support/unreachable.ts';
import type { CheckContext, Judgement } from './check.ts';
import { freshnessCheck } from './freshness.ts';
import { foreignKeysCheck } from './foreign-keys.ts';
import { filesCheck } from './files.ts';
import { referencesCheck } from './references.ts';
import { tcpCheck } from './tcp.ts';
import { httpCheck } from './http.ts';
import { commandCheck } from './command.ts';
import { loginCheck } from './login.ts';
import { manifestCheck } from './manifest.ts';
import { rowCountsCheck } from './row-counts.ts';
import { sqlCheck } from './sql.ts';
import { structureCheck } from './structure.ts';

/** What a check wants looked at, or its judgement where looking would be of no use. */
export function prepareCheck(spec: CheckSpec, context: CheckContext): ObservationRequest | Judgement {
  switch (spec.kind) {
    case 'login':
      return loginCheck.prepare(spec, context);
    case 'sql':
      return sqlCheck.prepare(spec, context);
    case 'row-counts':
      return rowCountsCheck.prepare(spec, context);
    case 'structure':
      return structureCheck.prepare(spec, context);
    case 'manifest':
      return manifestCheck.prepare(spec, context);
    case 'freshness':
      return freshnessCheck.prepare(spec, context);
    case 'foreign-keys':
      return foreignKeysCheck.prepare(spec, context);
    case 'files':
      return filesCheck.prepare(spec, context);
    case 'references':
      return referencesCheck.prepare(spec, context);
    case 'tcp':
      return tcpCheck.prepare(spec, context);
    case 'http':
      return httpCheck.prepare(spec, context);
    case 'command':
      return commandCheck.prepare(spec, context);
    default:
      return unreachable(spec);
  }
}

/** The end of a check, given what was seen. Pure: the same observation is always judged the same. */
export function judgeCheck(spec: CheckSpec, observation: Observation, context: CheckContext): Judgement {
  switch (spec.kind) {
    case 'login':
      return loginCheck.judge(spec, observation, context);
    case 'sql':
      return sqlCheck.judge(spec, observation, context);
    case 'row-counts':
      return rowCountsCheck.judge(spec, observation, context);
    case 'structure':
      return structureCheck.judge(spec, observation, context);
    case 'manifest':
      return manifestCheck.judge(spec, observation, context);
    case 'freshness':
      return freshnessCheck.judge(spec, observation, context);
    case 'foreign-keys':
      return foreignKeysCheck.judge(spec, observation, context);
    case 'files':
      return filesCheck.judge(spec, observation, context);
    case 'references':
      return referencesCheck.judge(spec, observation, context);
    case 'tcp':
      return tcpCheck.judge(spec, observation, context);
    case 'http':
      return httpCheck.judge(spec, observation, context);
    case 'command':
      return commandCheck.judge(spec, observation, context);
    default:
      return unreachable(spec);
  }
}

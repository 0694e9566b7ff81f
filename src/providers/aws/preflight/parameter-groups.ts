import type { DBParameterGroup } from '@aws-sdk/client-rds';
import { classifyAws } from '../aws-errors.ts';
import { type Finding, type LookAhead, plannedRds, refusal } from './finding.ts';

/** Whether the parameter groups that the runbook names are there and are of the engine's family. */
export async function findParameterGroupsAhead(ahead: LookAhead): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { spec, point } of plannedRds(ahead.plan)) {
    const { parameterGroup: group } = spec;
    if (group === undefined) continue;
    const shown = await describeParameterGroup(group, ahead);
    const family = parameterFamily(point.rds.engine, point.rds.engineVersion);
    findings.push(...judgeParameterGroup({ resource: spec.name, group, family, shown }));
  }
  return findings;
}

async function describeParameterGroup(
  name: string,
  { context, signal }: LookAhead,
): Promise<DBParameterGroup | undefined> {
  const { DescribeDBParameterGroupsCommand } = await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  try {
    const command = new DescribeDBParameterGroupsCommand({ DBParameterGroupName: name });
    return (await rds.send(command, { abortSignal: signal })).DBParameterGroups?.[0];
  } catch (error) {
    if (classifyAws(error).class === 'not-found') return undefined;
    throw error;
  }
}

/** The family of parameter groups that fits a version, as RDS names it, e.g. `postgres16`, `mysql8.0`. */
export function parameterFamily(engine: string, version: string): string {
  const [major = '', minor = ''] = version.split('.');
  // Since version 10 PostgreSQL has one number where it had two, and the others still have.
  return engine === 'postgres' && Number(major) >= 10 ? `${engine}${major}` : `${engine}${major}.${minor}`;
}

/** A parameter group that a runbook names, and as RDS shows it. */
export interface ParameterGroupAhead {
  readonly resource: string;
  readonly group: string;
  /** The family that the recovery point needs. */
  readonly family: string;
  /** `undefined` when there is none. */
  readonly shown: Pick<DBParameterGroup, 'DBParameterGroupFamily'> | undefined;
}

/** What speaks against a parameter group. */
export function judgeParameterGroup({ resource, group, family, shown }: ParameterGroupAhead): readonly Finding[] {
  const make = `Make one of family '${family}' in the sandbox account and region, or leave 'parameterGroup' out.`;
  if (shown === undefined) {
    const message = `'${resource}' is to have parameter group '${group}', which the sandbox account does not have`;
    return [refusal('preflight/no-parameter-group', message, make)];
  }
  if (shown.DBParameterGroupFamily === family) return [];
  const message = `parameter group '${group}' is of family '${shown.DBParameterGroupFamily ?? 'unknown'}', and restored '${resource}' needs one of '${family}'`;
  return [refusal('preflight/other-parameter-family', message, make)];
}

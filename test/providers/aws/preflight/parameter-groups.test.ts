import { expect, it } from 'vitest';
import { judgeParameterGroup, parameterFamily } from '../../../../src/providers/aws/preflight/parameter-groups.ts';

it.each([
  ['postgres', '9.6.24', 'postgres9.6'],
  ['postgres', '10.23', 'postgres10'],
  ['postgres', '16.4', 'postgres16'],
  ['postgres', '11.22-rds.20240418', 'postgres11'],
  ['mysql', '5.7.44-rds.20240408', 'mysql5.7'],
  ['mysql', '8.0.39', 'mysql8.0'],
  ['mysql', '8.4.3', 'mysql8.4'],
  ['mariadb', '10.11.8', 'mariadb10.11'],
])('parameters of %s %s are of family %s', (engine, version, family) => {
  expect(parameterFamily(engine, version)).toBe(family);
});

it.each([
  ['of the family', { DBParameterGroupFamily: 'postgres16' }, []],
  ['of another family', { DBParameterGroupFamily: 'postgres15' }, ['preflight/other-parameter-family']],
  ['of a family that RDS does not tell', {}, ['preflight/other-parameter-family']],
  ['that is not there', undefined, ['preflight/no-parameter-group']],
])('a parameter group %s', (_, shown, codes) => {
  const found = judgeParameterGroup({ resource: 'orders', group: 'drills', family: 'postgres16', shown });
  expect(found.map(({ problem }) => problem.code)).toEqual(codes);
  expect(found.every(({ problem }) => problem.hint.includes("'postgres16'"))).toBe(true);
});

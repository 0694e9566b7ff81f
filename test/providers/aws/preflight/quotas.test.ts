import { expect, it } from 'vitest';
import { judgeQuotas } from '../../../../src/providers/aws/preflight/quotas.ts';

const quota = (name: string, used: number, max: number) => ({ AccountQuotaName: name, Used: used, Max: max });

it.each([
  ['all quotas have room', [quota('DBInstances', 38, 40), quota('AllocatedStorage', 60, 100)], []],
  ['one instance is too many', [quota('DBInstances', 39, 40)], [/40 DB instances .* 39 are in use, .* 2 more/]],
  ['the storage is not enough', [quota('AllocatedStorage', 61, 100)], [/100 GiB of DB storage .* 40 more/]],
  ['no subnet group is left', [quota('DBSubnetGroups', 50, 50)], [/50 DB subnet groups .* needs 1 more/]],
  ['two are exceeded', [quota('DBInstances', 40, 40), quota('AllocatedStorage', 100, 100)], [/instances/, /GiB/]],
  ['another one is used up', [quota('ManualSnapshots', 100, 100)], []],
  ['RDS tells a maximum and no use', [{ AccountQuotaName: 'DBInstances', Max: 1 }], []],
])('when %s, two instances with 40 GiB in all are judged by that', (_, quotas, words) => {
  const found = judgeQuotas(quotas, { instances: 2, gib: 40 });
  expect(found.map(({ weight, problem }) => [weight, problem.code])).toEqual(
    words.map(() => ['refusal', 'preflight/quota']),
  );
  for (const [index, one] of words.entries()) expect(found[index]?.problem.message).toMatch(one);
});

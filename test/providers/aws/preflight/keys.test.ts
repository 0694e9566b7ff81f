import { expect, it } from 'vitest';
import { judgeKey } from '../../../../src/providers/aws/preflight/keys.ts';
import type { KeyUse } from '../../../../src/providers/aws/rds/restorable.ts';

it.each<[KeyUse, string[][]]>([
  [{ kind: 'usable' }, []],
  [{ kind: 'unusable', because: "the key is in state 'Disabled'" }, [['refusal', 'preflight/key-unusable']]],
  [{ kind: 'unknown' }, [['warning', 'preflight/cannot-look']]],
])('a key that is %o', (use, expected) => {
  const found = judgeKey({ name: 'orders-1', kmsKeyId: 'arn:of:key' }, use);
  expect(found.map(({ weight, problem }) => [weight, problem.code])).toEqual(expected);
  expect(found.every(({ problem }) => problem.message.includes("'orders-1' is encrypted with 'arn:of:key'"))).toBe(
    true,
  );
});

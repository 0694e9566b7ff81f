import { describe, expect, it } from 'vitest';
import { judgeIsolation } from '../../../../src/providers/aws/sandbox/judge-isolation.ts';
import type { NetworkFacts } from '../../../../src/providers/aws/sandbox/network-facts.ts';
import { CLAIMS, type Fact, PLANTS, eni, planted } from './planted-facts.ts';
import { EXPECTED, SOUND } from './sandbox-facts.ts';

const broken = (facts: NetworkFacts) =>
  judgeIsolation(facts, EXPECTED)
    .filter(({ holds }) => !holds)
    .map(({ claim, observed }) => ({ claim, observed }));

describe('the isolation of a sandbox on AWS', () => {
  it('is proven, claim by claim, of what the template makes', () => {
    const proofs = judgeIsolation(SOUND, EXPECTED);
    expect(proofs.filter(({ holds }) => !holds)).toEqual([]);
    expect(proofs.map(({ claim }) => claim).filter((claim) => !claim.includes('advice'))).toEqual(
      Object.values(CLAIMS),
    );
    for (const { method, expected, observed } of proofs) expect([method, expected, observed]).not.toContain('');
  });

  it.each(PLANTS)('is refuted by %s in the claim about it alone', (_what, claim, facts) => {
    expect(broken(facts).map((proof) => proof.claim)).toEqual([CLAIMS[claim]]);
  });

  it('is refuted by what uses the default security group, as a stranger and as its user', () => {
    const facts = planted('interfaces', (all) => [...all, { ...eni, groupIds: ['sg-default'] }]);
    expect(broken(facts)).toEqual([
      { claim: CLAIMS.defaultGroup, observed: 'eni-9 is in it' },
      { claim: CLAIMS.interfaces, observed: "eni-9 is not known: interface, 'mine', groups sg-default" },
    ]);
  });

  it('is refuted by another subnet, which follows the main table', () => {
    const facts = planted('subnets', (all) => [...all, { ...all[0], id: 'subnet-9', cidr: '10.213.0.160/27' }]);
    expect(broken(facts)).toEqual([
      { claim: CLAIMS.subnets, observed: 'foreign: 10.213.0.160/27' },
      { claim: CLAIMS.routes, observed: 'subnet-9 follows another table' },
    ]);
  });

  it.each(['deleted', 'rejected', 'failed', 'expired'])(
    'does not mind a peering that is only remembered as %s',
    (state) => {
      expect(broken(planted('peerings', () => [{ id: 'pcx-1', state }]))).toEqual([]);
    },
  );

  it('knows the one zone that the drill has put there itself, and no other', () => {
    const zone = { id: 'ZCOPY', name: 'shop.internal.', owner: { kind: 'account', name: EXPECTED.account } } as const;
    const holds = (zoneId: string | undefined, zones: readonly (typeof zone)[]) =>
      judgeIsolation(
        planted('hostedZones', (all) => [...all, ...zones]),
        { ...EXPECTED, ...(zoneId !== undefined && { zoneId }) },
      ).every((proof) => proof.holds);
    expect(holds('ZCOPY', [zone])).toBe(true);
    expect(holds(undefined, [zone])).toBe(false);
    expect(holds('ZOTHER', [zone])).toBe(false);
    expect(holds('ZCOPY', [zone, { ...zone, id: 'ZMORE' as 'ZCOPY' }])).toBe(false);
  });

  it('does not mind a VPC whose resolver has no rule at all', () => {
    expect(broken(planted('resolverRules', () => []))).toEqual([]);
  });

  it('does not mind a VPC without any DHCP options', () => {
    expect(broken(planted('dhcpOptions', () => []))).toEqual([]);
  });

  const facts = (Object.keys(SOUND) as Fact[]).filter((fact) => fact !== 'publicAccessBlock');
  it.each(facts)('is not proven while the question for %s is not answered', (fact) => {
    const refused = { ...SOUND, [fact]: { kind: 'unanswered', because: 'AccessDenied' } };
    const proofs = broken(refused);
    expect(proofs.length).toBeGreaterThan(0);
    for (const { observed } of proofs) expect(observed).toBe('not answered: AccessDenied');
  });

  it('takes the block of public access for advice: it tells what it saw, and nothing rests on it', () => {
    const unanswered = { ...SOUND, publicAccessBlock: { kind: 'unanswered', because: 'AccessDenied' } as const };
    expect(broken(unanswered)).toEqual([]);
    expect(judgeIsolation(unanswered, EXPECTED)).toContainEqual(
      expect.objectContaining({ observed: 'not answered: AccessDenied', expected: 'best: block-bidirectional' }),
    );
  });

  it('asks for a restored instance as soon as there should be one', () => {
    const { restored: _, ...without } = SOUND;
    expect(broken(without)).toEqual([{ claim: CLAIMS.restored, observed: 'not answered: it was not asked for' }]);
    const { restored: __, ...before } = EXPECTED;
    expect(judgeIsolation(without, before).every(({ holds }) => holds)).toBe(true);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Statement, MOST_CHARACTERS, sizeOf } from '../../../../src/providers/aws/permissions/policy-document.ts';
import { partsOf } from '../../../../src/providers/aws/permissions/policy-parts.ts';

const Version = '2012-10-17';

/** A statement with that many actions of ten characters. */
function statement(Sid: string, actions: number, Effect: Statement['Effect'] = 'Allow'): Statement {
  return { Sid, Effect, Action: Array.from({ length: actions }, () => 'ec2:Action'), Resource: ['*'] };
}

it('divides a policy into parts that each fit, and leaves out, doubles and changes no statement', () => {
  const statements = fc.array(fc.record({ actions: fc.integer({ min: 1, max: 460 }), isDenied: fc.boolean() }));
  fc.assert(
    fc.property(statements, (drawn) => {
      const Statement = drawn.map(({ actions, isDenied }, index) =>
        statement(`S${index}`, actions, isDenied ? 'Deny' : 'Allow'),
      );
      const parts = partsOf({ Version, Statement });
      for (const part of parts) expect(sizeOf(part)).toBeLessThanOrEqual(MOST_CHARACTERS);
      const bySid = (all: readonly Statement[]) =>
        all.toSorted((a, b) => Number(a.Sid.slice(1)) - Number(b.Sid.slice(1)));
      expect(bySid(parts.flatMap((part) => part.Statement))).toEqual(Statement);
    }),
  );
});

it('takes no more parts than it must, the denials in the first', () => {
  const Statement = [statement('A', 300), statement('B', 300), statement('C', 100), statement('D', 1, 'Deny')];
  const sids = partsOf({ Version, Statement }).map((part) => part.Statement.map(({ Sid }) => Sid));
  expect(sids).toEqual([['D', 'A', 'C'], ['B']]);
});

it('does not break a statement that is too long by itself: that is a bug', () => {
  expect(() => partsOf({ Version, Statement: [statement('Huge', 500)] })).toThrow(/'Huge' is \d+ characters long/);
});

it('fills a part to the last character that a managed policy may have, and not one further', () => {
  const room = MOST_CHARACTERS - sizeOf({ Version, Statement: [statement('', 1)] });
  expect(partsOf({ Version, Statement: [statement('S'.repeat(room), 1)] })).toHaveLength(1);
  expect(() => partsOf({ Version, Statement: [statement('S'.repeat(room + 1), 1)] })).toThrow(/6145 characters/);
});

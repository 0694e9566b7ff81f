import { describe, expect, it } from 'vitest';
import type { Statement } from '../../../../src/providers/local/postgres-dump/statement.ts';
import { type RawSession, StatementError } from '../../../../src/providers/local/postgres-dump/raw-session.ts';
import { besideDutyOf, statementsBeside } from '../../../../src/providers/local/postgres-dump/statements-beside.ts';

function statement(text: string, number = 1): Statement {
  const words =
    text
      .replace(/"[^"]*"/g, '')
      .replace(/\([^()]*\)/g, ' ')
      .toUpperCase()
      .match(/\w+/g) ?? [];
  return { text: Buffer.from(text), words, number, at: 0, duty: { kind: 'content', mayEscalate: false } };
}

const index = (number: number): Statement => statement(`CREATE INDEX i${number} ON public.t USING btree (a);`, number);
const foreignKey = (child: string, parent: string): Statement =>
  statement(`ALTER TABLE ONLY public.${child}\n    ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.${parent}(id);`);

/** A session whose statements end when the test says so. */
function heldSession(): RawSession & { begun: string[]; end(error?: Error): Promise<void> } {
  const begun: string[] = [];
  let settle: { resolve: (done: 'done') => void; reject: (error: Error) => void } | undefined;
  return {
    begun,
    run: async (text) => {
      begun.push(text.toString());
      return new Promise<'done'>((resolve, reject) => {
        settle = { resolve, reject };
      });
    },
    async end(error) {
      if (error) settle?.reject(error);
      else settle?.resolve('done');
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    },
  };
}

const dutyOf = (one: Statement): NonNullable<ReturnType<typeof besideDutyOf>> => {
  const duty = besideDutyOf(one);
  if (duty === undefined) throw new Error('it is done in its turn');
  return duty;
};

describe('what may be done beside others', () => {
  it.each([
    ['an index', 'CREATE INDEX i ON public.t USING btree (a);', { kind: 'index', locks: [] }],
    ['a unique index', 'CREATE UNIQUE INDEX i ON public.t USING btree (a);', { kind: 'index', locks: [] }],
    [
      'a primary key',
      'ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (a);',
      { kind: 'index', locks: [] },
    ],
    [
      'an exclusion',
      'ALTER TABLE ONLY public.t ADD CONSTRAINT "x y" EXCLUDE USING gist (a WITH &&);',
      { kind: 'index', locks: [] },
    ],
    [
      'a foreign key, where both tables are free',
      'ALTER TABLE ONLY public."a b"\n    ADD CONSTRAINT fk FOREIGN KEY (x, y) REFERENCES other.c(x, y) ON DELETE CASCADE;',
      { kind: 'foreign-key', locks: ['public."a b"', 'other.c'] },
    ],
  ])('is %s', (_, text, duty) => {
    expect(besideDutyOf(statement(text))).toEqual(duty);
  });

  it.each([
    [
      'a foreign key of a partitioned table',
      'ALTER TABLE public.t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.u(id);',
    ],
    ['a rule for rows', 'ALTER TABLE public.t ADD CONSTRAINT positive CHECK ((a > 0)) NOT VALID;'],
    ['a part of an index', 'ALTER INDEX public.t_a ATTACH PARTITION public.t1_a;'],
    ['an index to cluster by', 'ALTER TABLE public.t CLUSTER ON t_a;'],
    ['a view of rows', 'REFRESH MATERIALIZED VIEW public.v;'],
    ['a trigger', 'CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();'],
    ['rows', 'COPY public.t (a) FROM stdin;'],
  ])('is not %s', (_, text) => {
    expect(besideDutyOf(statement(text))).toBeUndefined();
  });
});

describe('statements that are given', () => {
  it('are done at once, as many as there are sessions, and all have ended when it is settled', async () => {
    const sessions = [heldSession(), heldSession()];
    const beside = statementsBeside(sessions);
    await beside.give(index(1), dutyOf(index(1)));
    await beside.give(index(2), dutyOf(index(2)));
    const third = beside.give(index(3), dutyOf(index(3)));
    expect(sessions.map(({ begun }) => begun.length)).toEqual([1, 1]);
    await sessions[1]?.end();
    await third;
    expect(sessions.map(({ begun }) => begun.length)).toEqual([1, 2]);
    let isSettled = false;
    const settled = beside.settle().then((refused) => {
      isSettled = true;
      return refused;
    });
    await sessions[1]?.end();
    expect(isSettled).toBe(false);
    await sessions[0]?.end();
    expect(await settled).toEqual([]);
  });

  it('that the server refused are given back in their order, once', async () => {
    const sessions = [heldSession(), heldSession()];
    const beside = statementsBeside(sessions);
    const [first, second] = [index(1), index(2)];
    await beside.give(first, dutyOf(first));
    await beside.give(second, dutyOf(second));
    for (const session of sessions.reverse()) await session.end(new StatementError({ code: '40P01' }));
    expect(await beside.settle()).toEqual([first, second]);
    expect(await beside.settle()).toEqual([]);
  });

  it('end with whatever broke a connection', async () => {
    const session = heldSession();
    const beside = statementsBeside([session]);
    await beside.give(index(1), dutyOf(index(1)));
    await session.end(new Error('Connection terminated'));
    await expect(beside.settle()).rejects.toThrow('Connection terminated');
  });

  it.each([
    ['a foreign key waits for the indexes before it', index(1), foreignKey('a', 'b'), false],
    ['two foreign keys of one table wait for each other', foreignKey('a', 'b'), foreignKey('c', 'b'), false],
    ['two of other tables do not', foreignKey('a', 'b'), foreignKey('c', 'd'), true],
  ])('keep out of their way: %s', async (_, first, second, isAtOnce) => {
    const sessions = [heldSession(), heldSession()];
    const beside = statementsBeside(sessions);
    await beside.give(first, dutyOf(first));
    const given = beside.give(second, dutyOf(second));
    expect(sessions[1]?.begun.length).toBe(isAtOnce ? 1 : 0);
    await sessions[0]?.end();
    await given;
    expect(sessions.flatMap(({ begun }) => begun)).toHaveLength(2);
  });
});

import { expect, it } from 'vitest';
import { loginCheck } from '../../src/checks/login.ts';
import { aContext, common, unreachableServer } from '../support/check-builder.ts';

const spec = { ...common, kind: 'login' as const, user: 'app', password: { env: 'APP_PASSWORD' } };

it('asks for a login with the reference to the password, never with the password', () => {
  expect(loginCheck.prepare(spec, aContext())).toEqual({
    kind: 'login',
    database: 'shop',
    user: 'app',
    password: { env: 'APP_PASSWORD' },
  });
});

it('passes when the server accepts the login', () => {
  expect(loginCheck.judge(spec, { kind: 'login', accepted: true }, aContext())).toEqual({
    outcome: 'passed',
    observed: 'accepted',
    expected: "a login of 'app' to database 'shop'",
  });
});

it('fails a wrong password, and says which condition the server named', () => {
  const refused = { kind: 'login' as const, accepted: false, refusal: 'invalid_password (28P01)' };
  expect(loginCheck.judge(spec, refused, aContext())).toMatchObject({
    outcome: 'failed',
    because: 'the server refused the login: invalid_password (28P01)',
  });
});

it('is errored, not failed, when the server is out of reach', () => {
  const judgement = loginCheck.judge(spec, { kind: 'unobservable', problem: unreachableServer }, aContext());
  expect(judgement).toMatchObject({ outcome: 'errored', problem: unreachableServer });
});

it('is errored when the probe answers something else than it was asked', () => {
  const judgement = loginCheck.judge(spec, { kind: 'sql', rows: 1, value: 1 }, aContext());
  expect(judgement).toMatchObject({ outcome: 'errored', problem: { code: 'check/unexpected-observation' } });
});

import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, runbookOf, written } from './written.ts';

const notify = (...targets: string[]): string => written({ top: ['notify:', ...targets.map((one) => `  - ${one}`)] });
const UNLESS_SAID = ['failed', 'inconclusive', 'leaked', 'late', 'missed', 'stale'];

describe('who is told', () => {
  it('is nobody unless a runbook says so', () => {
    expect(runbookOf(written({}))).not.toHaveProperty('notify');
  });

  it('is reached by what is named, with what is usual', () => {
    const text = notify(
      '{ slack: { url: { env: SLACK_URL } } }',
      '{ webhook: { url: https://example.com/a, secret: { file: ../secrets/a } }, on: [passed, failed] }',
      '{ webhook: { url: { env: B } } }',
      '{ sns: { topic: "arn:aws:sns:eu-west-1:222222222222:drills" } }',
      '{ smtp: { host: mail.example.com, from: a@example.com, to: [b@example.com], user: a, password: { env: P } } }',
      '{ smtp: { host: mail.example.com, security: tls, from: a@example.com, to: [b@example.com] } }',
      '{ smtp: { host: localhost, port: 2525, security: none, from: a@example.com, to: [b@example.com] } }',
      '{ heartbeat: { url: http://127.0.0.1:8080/beat } }',
    );
    const mail = { kind: 'smtp', from: 'a@example.com', to: ['b@example.com'], on: UNLESS_SAID };
    expect(runbookOf(text).notify).toEqual([
      { id: 'slack-1', kind: 'slack', url: { env: 'SLACK_URL' }, on: UNLESS_SAID },
      {
        id: 'webhook-1',
        kind: 'webhook',
        url: 'https://example.com/a',
        secret: { file: '/team/secrets/a' },
        on: ['passed', 'failed'],
      },
      { id: 'webhook-2', kind: 'webhook', url: { env: 'B' }, on: UNLESS_SAID },
      { id: 'sns-1', kind: 'sns', topic: 'arn:aws:sns:eu-west-1:222222222222:drills', on: UNLESS_SAID },
      {
        ...mail,
        id: 'smtp-1',
        host: 'mail.example.com',
        port: 587,
        security: 'starttls',
        user: 'a',
        password: { env: 'P' },
      },
      { ...mail, id: 'smtp-2', host: 'mail.example.com', port: 465, security: 'tls' },
      { ...mail, id: 'smtp-3', host: 'localhost', port: 2525, security: 'none' },
      { id: 'heartbeat-1', kind: 'heartbeat', url: 'http://127.0.0.1:8080/beat', on: ['passed'] },
    ]);
  });

  it.each([
    ['{ slack: { url: https://example.com/x } }', ['wrong-type']],
    ['{ webhook: { url: http://example.com/x } }', ['not-encrypted']],
    ['{ webhook: { url: http://localhost.example.com/x } }', ['not-encrypted']],
    ['{ heartbeat: { url: http://10.0.0.1/x } }', ['not-encrypted']],
    ['{ webhook: { url: ftp://example.com/x } }', ['bad-url']],
    ['{ webhook: { url: "https://a b" } }', ['bad-url']],
    ['{ webhook: { url: "https://[" } }', ['bad-url']],
    ['{ webhook: { url: https://example.com, secret: abc } }', ['secret']],
    ['{ sns: { topic: drills } }', ['bad-arn']],
    ['{ sns: { topic: "arn:aws:sns:eu-west-1:222222222222:drills.fifo" } }', ['bad-arn']],
    ['{ smtp: { host: a.example, security: none, from: a@b, to: [c@d] } }', ['not-encrypted']],
    ['{ smtp: { host: a.example, from: a@b, to: [] } }', ['empty']],
    ['{ smtp: { host: a.example, from: a@b, to: ["c@d\\r\\nBcc: e@f"] } }', ['bad-address']],
    ['{ smtp: { host: a.example, from: a@b, to: [c@d], user: x } }', ['missing-key']],
    ['{ smtp: { host: "a.example:25", from: a@b, to: [c@d] } }', ['bad-name']],
    ['{ heartbeat: { url: https://example.com }, on: [failed] }', ['unknown-key']],
    ['{ on: [failed] }', ['missing-key']],
    ['{ slack: { url: { env: A } }, sns: { topic: "arn:aws:sns:eu-west-1:222222222222:drills" } }', ['one-of']],
    ['{ slack: { url: { env: A } }, on: [] }', ['empty']],
    ['{ slack: { url: { env: A } }, on: [failing] }', ['unknown-value']],
    ['{ teams: { url: { env: A } } }', ['missing-key', 'unknown-key']],
  ])('is refused as %s', (target, codes) => {
    expect(codesOf(notify(target))).toEqual(codes);
  });

  it('is not reached by a URL that is a secret and stands in the file', () => {
    const [first] = diagnosticsOf(notify('{ slack: { url: https://hooks.slack.com/services/T0/B0/correct-horse } }'));
    expect(first?.code).toBe('runbook/secret');
    expect(first?.lineText).not.toContain('correct-horse');
  });
});

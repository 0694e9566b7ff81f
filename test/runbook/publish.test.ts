import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, runbookOf, written } from './written.ts';

describe('where a runbook publishes', () => {
  it('is nowhere unless it says so', () => {
    expect(runbookOf(written({})).publish).toBeUndefined();
  });

  it("is CloudWatch, under drillbook's own namespace, once CloudWatch is named", () => {
    const { publish } = runbookOf(written({ top: ['publish: { cloudwatch: {} }'] }));
    expect(publish).toEqual({ cloudWatch: { namespace: 'Drillbook' } });
  });

  it('is the namespace and region that it names', () => {
    const top = ['publish: { cloudwatch: { namespace: Platform/Drills, region: eu-central-1 } }'];
    expect(runbookOf(written({ top })).publish).toEqual({
      cloudWatch: { namespace: 'Platform/Drills', region: 'eu-central-1' },
    });
  });

  it.each([
    ['cloudwatch: { namespace: AWS/RDS }', 'bad-name'],
    ['cloudwatch: { namespace: ":Drills" }', 'bad-name'],
    ['cloudwatch: { namespace: Übungen }', 'bad-name'],
    ['cloudwatch: { region: Ireland }', 'bad-region'],
    ['cloudwatch: { drillId: true }', 'unknown-key'],
    ['email: team@example.com', 'unknown-key'],
  ])('is refused as %s', (line, code) => {
    expect(codesOf(written({ top: [`publish: { ${line} }`] }))).toContain(code);
  });

  it("says that nothing is published by a 'publish' that names nothing", () => {
    expect(diagnosticsOf(written({ top: ['publish: {}'] })).map(({ message }) => message)).toEqual([
      expect.stringContaining("'cloudwatch'"),
    ]);
  });
});

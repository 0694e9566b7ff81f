import { expect, onTestFinished, test } from 'vitest';
import { objectivesOf } from '../../../src/drill/objectives.ts';
import { verdictOf } from '../../../src/drill/verdict.ts';
import { SANDBOX_PORTS } from '../../../src/providers/aws/ports.ts';
import { sandboxTemplate } from '../../../src/providers/aws/sandbox/template.ts';
import { anRdsRestore } from '../../support/aws/aws-stage.ts';
import { describeOnAws } from '../../support/aws/describe-on-aws.ts';
import { resumeToTheEnd } from '../../support/simulated-drill.ts';
import { casesFor } from '../../support/whole.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** CloudFormation makes one resource after another here. */
const RESOURCE_TAKES = 100;
const { Resources: resources } = sandboxTemplate({ prefix: 'drillbook-0', ports: SANDBOX_PORTS }) as {
  Resources: object;
};
const STACK_TAKES = Object.keys(resources).length * RESOURCE_TAKES;

await describeOnAws('the RTO of a drill on AWS', ({ aws, planter, begin }) => {
  const durations = [
    ['17 seconds', 17.3 * SECOND],
    ['110 minutes', 110 * MINUTE],
    ['5 seconds', 5 * SECOND],
  ] as const;
  test.each(casesFor(durations, 2))(
    'is off the truth by less than 1 % or 2 s when the restore takes %s',
    async (_, takes) => {
      const { stage } = await begin({
        runbook: {
          objectives: { rto: { target: 6 * 60 * MINUTE, until: 'verified' }, rpo: { target: 1_000 * 60 * MINUTE } },
        },
      });
      aws.rds.setTimeline({ source: /orders-production/ }, [
        { status: 'creating', for: takes },
        { status: 'available' },
      ]);
      aws.cloudFormation.setResourceMillis(RESOURCE_TAKES);
      await resumeToTheEnd(stage);
      expect(verdictOf(stage.disk).gaps).toEqual([]);
      const { measured = 0, error } = objectivesOf(stage.disk).rto;
      const truth = takes + STACK_TAKES + aws.rds.settings.credentialsWait + aws.rds.settings.credentialsTake;
      expect(measured).toBeGreaterThanOrEqual(truth - 100);
      expect(measured - truth).toBeLessThanOrEqual(Math.max(0.01 * truth, 2 * SECOND));
      expect(error).toBeLessThanOrEqual(Math.max(0.01 * truth, 2 * SECOND) + 500);
    },
  );

  test('of several restores side by side takes no more calls than that of one, and has Node warn of no leak', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    await planter.instance('billing-production');
    await planter.snapshots('billing-production', [new Date().toISOString()]);
    const restore = [anRdsRestore('orders'), anRdsRestore('billing')];
    aws.rds.setTimeline({}, [{ status: 'creating', for: 2 * MINUTE }, { status: 'available' }]);
    const alone = await begin();
    await resumeToTheEnd(alone.stage);
    const callsOfOne = aws.log.of('rds', 'DescribeDBInstances').length;
    aws.log.clear();
    const both = await begin({ runbook: { restore, checks: [] } });
    await resumeToTheEnd(both.stage);
    expect(aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot')).toHaveLength(2);
    expect(aws.log.of('rds', 'DescribeDBInstances').length).toBeLessThan(callsOfOne * 1.3);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });
});

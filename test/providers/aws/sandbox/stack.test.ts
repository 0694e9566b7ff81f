import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateNetworkInterfaceCommand, DeleteNetworkInterfaceCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { awsName, markTags } from '../../../../src/providers/aws/names.ts';
import {
  listMarkedStacks,
  lookStack,
  readNetwork,
  removeStack,
  startStack,
} from '../../../../src/providers/aws/sandbox/stack.ts';
import { type SandboxWorld, RESOURCE_MILLIS, startSandboxWorld } from './sandbox-world.ts';

const started = await startSandboxWorld();

describe.skipIf(started === undefined)('the stack of a sandbox', () => {
  const world = started as SandboxWorld;
  const { context, signal, clock, aws } = world ?? {};
  beforeEach(async () => aws.reset());
  afterAll(async () => world.stop());

  const NAME = awsName('drill-1', 'sandbox');
  const look = async (resource: Parameters<typeof lookStack>[0]) => lookStack(resource, context, signal);
  const pass = (resources: number) => clock.advance(RESOURCE_MILLIS * resources);
  const creations = () => aws.log.of('cloudformation', 'CreateStack').length;
  const deletions = () => aws.log.of('cloudformation', 'DeleteStack').length;

  async function problemOf(work: Promise<unknown>) {
    const error = await work.catch((thrown: unknown) => thrown);
    if (!(error instanceof ProblemError)) throw new Error(`no refusal but ${String(error)}`);
    return error.problem;
  }

  /** A stack of somebody else's with the name and tags given. */
  async function plant(name: string, Tags: readonly { readonly Key: string; readonly Value: string }[]) {
    const client = await context.clients.cloudFormation();
    const Resources = { Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.9.0.0/24' } } };
    const TemplateBody = JSON.stringify({ Resources });
    const { StackId = '' } = await client.send(
      new CreateStackCommand({ StackName: name, TemplateBody, Tags: [...Tags] }),
    );
    pass(2);
    return StackId;
  }

  const marksOf = (drillId: string, name: string, token = `token-of-${drillId}`) =>
    markTags({
      drillId,
      name,
      token,
      kind: 'sandbox',
      expiresAt: world.drill().sandbox.expiresAt,
      place: context.place,
    });

  describe('when it is started', () => {
    it('is made under its own name, with the marks in the creating call, and becomes ready', async () => {
      const resource = await world.begun();
      expect(resource).toMatchObject({ provider: 'aws', type: 'sandbox', name: 'sandbox', token: 'token-of-drill-1' });
      const stack = await world.stack(resource.id);
      expect(stack.StackName).toBe(NAME);
      const [call] = aws.log.of('cloudformation', 'CreateStack');
      const sent = Object.values(call?.params ?? {});
      for (const { Key, Value } of marksOf('drill-1', NAME)) expect(sent).toEqual(expect.arrayContaining([Key, Value]));
      expect(await look(resource)).toEqual({
        kind: 'pending',
        detail: expect.stringMatching(/^'\w+' CREATE_IN_PROGRESS$/) as string,
      });
      pass(60);
      expect(await look(resource)).toEqual({ kind: 'ready' });
    });

    it('is adopted when it is started again', async () => {
      const first = await world.begun();
      expect(await world.begun()).toEqual(first);
      expect(creations()).toBe(1);
    });

    it('is made once although the answer to the creating call was lost', async () => {
      aws.faults.add({ service: 'cloudformation', action: 'CreateStack', kind: 'lost-answer' });
      const resource = await world.begun();
      expect((await world.stack(NAME)).StackId).toBe(resource.id);
      expect(await listMarkedStacks(context, signal)).toHaveLength(1);
    });

    it('is adopted when it appears between the look and the creating call', async () => {
      const first = await world.begun();
      const blind = { service: 'cloudformation', action: 'DescribeStacks', kind: 'error', status: 400 } as const;
      aws.faults.add({ ...blind, code: 'ValidationError', message: `Stack with id ${NAME} does not exist` });
      const exists = { status: 400, code: 'AlreadyExistsException', message: 'exists' };
      aws.faults.add({ service: 'cloudformation', action: 'CreateStack', kind: 'error', ...exists });
      expect(await world.begun()).toEqual(first);
    });

    it.each([
      ['has no mark', () => []],
      ["has another drill's mark", () => marksOf('drill-2', awsName('drill-2', 'sandbox'))],
      ['has our mark copied from another name', () => marksOf('drill-1', 'drillbook-other-sandbox')],
      ['was made for another token', () => marksOf('drill-1', NAME, 'another')],
    ])('refuses a stack of its name that %s, and leaves it alone', async (_what, tags) => {
      await plant(NAME, tags());
      aws.log.clear();
      const problem = await problemOf(world.begun());
      expect(problem).toMatchObject({ code: 'aws/name-taken', blames: 'environment' });
      expect(aws.log.mutations()).toEqual([]);
    });

    it('fails with the first reason, not with what was cancelled after it, and what was made goes', async () => {
      aws.cloudFormation.failCreationOf('SecretsEndpoint', 'no more endpoints');
      const resource = await world.begun();
      pass(60);
      const state = await look(resource);
      expect(state).toMatchObject({
        kind: 'failed',
        problem: { code: 'aws/sandbox-failed', message: expect.stringContaining("'SecretsEndpoint'") as string },
      });
      expect(JSON.stringify(state)).toContain('no more endpoints');
      pass(60);
      expect((await world.stack(resource.id)).StackStatus).toBe('ROLLBACK_COMPLETE');
      expect(await look(resource)).toEqual(state);
    });
  });

  it('tells what it has made, to its own drill', async () => {
    await world.sandbox();
    const network = await readNetwork('drill-1', context, signal);
    expect(network.vpcId).toMatch(/^vpc-/);
    expect(network.dataSubnetIds).toHaveLength(2);
    expect(network.endpointId).toMatch(/^vpce-/);
    expect(await problemOf(readNetwork('drill-2', context, signal))).toMatchObject({ code: 'aws/sandbox-missing' });
  });

  it('tells nothing before all of it is made, nor of a stack that only has the name', async () => {
    await world.begun();
    expect((await problemOf(readNetwork('drill-1', context, signal))).message).toContain('CREATE_IN_PROGRESS');
    await plant(awsName('drill-3', 'sandbox'), []);
    expect((await problemOf(readNetwork('drill-3', context, signal))).message).toContain('mark');
  });

  describe('when it is removed', () => {
    it('is gone by ARN and by name, and removing it again is fine', async () => {
      const resource = await world.sandbox();
      const permit = world.permit(world.drill(), [resource]);
      await removeStack(resource, permit, context, signal);
      expect(await look(resource)).toEqual({
        kind: 'pending',
        detail: expect.stringContaining('DELETE_IN_PROGRESS') as string,
      });
      await removeStack(resource, permit, context, signal);
      pass(60);
      expect(await look(resource)).toEqual({ kind: 'gone' });
      await removeStack(resource, permit, context, signal);
      expect(deletions()).toBe(1);
      expect(await look({ ...resource, id: `${resource.id}0` })).toEqual({ kind: 'gone' });
    });

    it('is removed while it is being made, and after it could not be made', async () => {
      const early = await world.begun();
      pass(3);
      await removeStack(early, world.permit(world.drill(), [early]), context, signal);
      pass(60);
      expect(await look(early)).toEqual({ kind: 'gone' });
      aws.cloudFormation.failCreationOf('Vpc', 'no more VPCs');
      const failed = await world.begun();
      pass(60);
      await removeStack(failed, world.permit(world.drill(), [failed]), context, signal);
      pass(60);
      expect(await look(failed)).toEqual({ kind: 'gone' });
    });

    it('is not removed for a drill that has it not in its journal, nor for another drill', async () => {
      const resource = await world.sandbox();
      const strangers = [world.permit(world.drill(), []), world.permit(world.drill('drill-2'), [resource])];
      for (const permit of strangers) {
        const problem = await problemOf(removeStack(resource, permit, context, signal));
        expect(problem.code).toBe('guard/refused-removal');
      }
      expect(deletions()).toBe(0);
    });

    it('is not removed where all tags of ours were copied onto another stack, not even when expired', async () => {
      await world.sandbox();
      const id = await plant('drillbook-production', marksOf('drill-1', NAME));
      const resource = { provider: 'aws', type: 'sandbox', id, name: 'sandbox', token: 'token-of-drill-1' };
      const expired = { kind: 'expired', now: '2099-01-01T00:00:00.000Z', margin: 0 } as const;
      for (const permit of [world.permit(world.drill(), [resource]), expired]) {
        const problem = await problemOf(removeStack(resource, permit, context, signal));
        expect(problem.message).toContain('the proof in its mark is not its own');
      }
      expect(deletions()).toBe(0);
    });

    it('waits for the network interfaces that hold its groups, then removes again, forcing nothing', async () => {
      const resource = await world.sandbox();
      const permit = world.permit(world.drill(), [resource]);
      const { probeSecurityGroupId, probeSubnetIds } = await readNetwork('drill-1', context, signal);
      const ec2 = await context.clients.ec2();
      const { NetworkInterface } = await ec2.send(
        new CreateNetworkInterfaceCommand({ SubnetId: probeSubnetIds[0], Groups: [probeSecurityGroupId] }),
      );
      await removeStack(resource, permit, context, signal);
      pass(60);
      expect((await world.stack(resource.id)).StackStatus).toBe('DELETE_FAILED');
      expect(await look(resource)).toEqual({
        kind: 'lost',
        because: expect.stringMatching(/could not be removed: '\w+' \(AWS::EC2::\w+\): /) as string,
      });
      await removeStack(resource, permit, context, signal);
      expect(deletions()).toBe(1);
      const { NetworkInterfaceId } = NetworkInterface ?? {};
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
      await removeStack(resource, permit, context, signal);
      pass(60);
      expect(await look(resource)).toEqual({ kind: 'gone' });
      for (const { params } of aws.log.of('cloudformation', 'DeleteStack')) {
        expect(Object.keys(params).sort()).toEqual(['Action', 'StackName', 'Version']);
      }
    });
  });

  it('is listed by its name and its whole mark, and no look-alike is', async () => {
    const own = [await world.sandbox('drill-1'), await world.sandbox('drill-2')];
    await plant('production', marksOf('drill-1', 'production'));
    await plant('drillbook-000000000000-sandbox', marksOf('drill-1', NAME));
    await plant('drillbook-111111111111-sandbox', []);
    const { expiresAt } = world.drill().sandbox;
    const listed = await listMarkedStacks(context, signal);
    expect(listed.map(({ resource }) => resource.id).sort()).toEqual(own.map(({ id }) => id).sort());
    expect(await listMarkedStacks(context, signal, 'drill-2')).toEqual([
      { resource: own[1], drillId: 'drill-2', expiresAt },
    ]);
    expect(await listMarkedStacks(context, signal, 'drill-3')).toEqual([]);
  });

  it('is listed although a hundred other stacks fill the first page', async () => {
    const client = await context.clients.cloudFormation();
    const TemplateBody = JSON.stringify({ Resources: { Vpc: { Type: 'AWS::EC2::VPC', Properties: {} } } });
    for (let index = 1; index <= 100; index += 1) {
      await client.send(new CreateStackCommand({ StackName: `other-${index}`, TemplateBody }));
    }
    const resource = await world.begun();
    expect((await listMarkedStacks(context, signal)).map((one) => one.resource)).toEqual([resource]);
    expect(aws.log.of('cloudformation', 'DescribeStacks').at(-1)?.params['NextToken']).toBeDefined();
  });

  it('passes on what a service refuses for other reasons than that there is no such stack', async () => {
    const resource = await world.begun();
    aws.faults.add({ service: 'cloudformation', kind: 'error', status: 403, code: 'AccessDenied', times: 'always' });
    for (const work of [
      look(resource),
      listMarkedStacks(context, signal),
      startStack({ drill: world.drill(), token: 't' }, context, signal),
    ]) {
      await expect(work).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });
});

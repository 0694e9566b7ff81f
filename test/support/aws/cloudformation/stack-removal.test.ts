import * as cfn from '@aws-sdk/client-cloudformation';
import * as ec2 from '@aws-sdk/client-ec2';
import * as rds from '@aws-sdk/client-rds';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeClock } from '../../fake-clock.ts';
import { type AwsWorld, startAwsWorld } from '../aws-world.ts';
import { HOUR, NAME, PREFIX, lineOf, stackUser } from './stack-user.ts';

const RESOURCE_MILLIS = 1_000;
const clock = fakeClock();
const started = await startAwsWorld({ clock, cloudFormation: { resourceMillis: RESOURCE_MILLIS } });

describe.skipIf(started === undefined)('removing a stack of the simulated CloudFormation', () => {
  const aws = started as AwsWorld;
  const { stacks, network, databases, create, created, look, remove, history, vpcCount, everything } = stackUser(
    started,
    clock,
  );

  beforeEach(async () => aws.reset());
  afterAll(async () => aws.stop());

  it.each(['name', 'ARN'])('removes everything in reverse when the stack is deleted by %s', async (by) => {
    const before = await everything();
    const { id } = await created();
    await stacks.send(new cfn.DeleteStackCommand({ StackName: by === 'name' ? NAME : id }));
    expect((await look(id)).StackStatus).toBe('DELETE_IN_PROGRESS');
    clock.advance(HOUR);
    expect((await look(id)).StackStatus).toBe('DELETE_COMPLETE');
    expect(await everything()).toEqual(before);
    const lines = (await history(id)).map(lineOf);
    expect(lines.indexOf('Vpc DELETE_COMPLETE')).toBeGreaterThan(lines.indexOf('DataSubnet1 DELETE_COMPLETE'));
    await expect(look(NAME)).rejects.toThrow(`Stack with id ${NAME} does not exist`);
  });

  it('removes what is there of a stack that is deleted while it is being made', async () => {
    const before = await everything();
    const id = await create();
    clock.advance(8 * RESOURCE_MILLIS);
    expect((await look(id)).StackStatus).toBe('CREATE_IN_PROGRESS');
    expect(await remove(id)).toBe('DELETE_COMPLETE');
    expect(await everything()).toEqual(before);
  });

  describe('when something is left in the sandbox', () => {
    it('cannot remove a subnet with a network interface, nor what the subnet needs, until that is gone', async () => {
      const { id, outputs } = await created();
      const { NetworkInterface } = await network.send(
        new ec2.CreateNetworkInterfaceCommand({
          SubnetId: outputs['DataSubnetIds']?.split(',')[0],
          Groups: [outputs['DataSecurityGroupId'] ?? ''],
        }),
      );
      expect(await remove(id)).toBe('DELETE_FAILED');
      const { StackStatusReason } = await look(id);
      expect(StackStatusReason).toContain('DataSubnet1');
      expect(StackStatusReason).toContain('DataSecurityGroup');
      const { StackResourceSummaries = [] } = await stacks.send(new cfn.ListStackResourcesCommand({ StackName: id }));
      const statusOf = (logicalId: string) =>
        StackResourceSummaries.find((one) => one.LogicalResourceId === logicalId)?.ResourceStatus;
      expect(statusOf('DataSubnet1')).toBe('DELETE_FAILED');
      expect(statusOf('DataSubnet2')).toBe('DELETE_COMPLETE');
      expect(statusOf('Vpc')).toBe('CREATE_COMPLETE');
      await network.send(
        new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }),
      );
      expect(await remove(id)).toBe('DELETE_COMPLETE');
      expect(await vpcCount()).toBe(0);
    });

    it('cannot remove the subnet group, the subnets and the security group of a database', async () => {
      const { id, outputs } = await created();
      await databases.send(
        new rds.CreateDBInstanceCommand({
          DBInstanceIdentifier: `${PREFIX}-orders`,
          DBInstanceClass: 'db.t3.micro',
          Engine: 'postgres',
          AllocatedStorage: 20,
          MasterUsername: 'owner',
          MasterUserPassword: 'not-a-secret',
          DBSubnetGroupName: outputs['SubnetGroupName'],
          VpcSecurityGroupIds: [outputs['DataSecurityGroupId'] ?? ''],
        }),
      );
      expect(await remove(id)).toBe('DELETE_FAILED');
      const { StackStatusReason } = await look(id);
      expect(StackStatusReason).toContain('DataSubnetGroup');
      expect(StackStatusReason).toContain('DataSecurityGroup');
      await databases.send(
        new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier: `${PREFIX}-orders`, SkipFinalSnapshot: true }),
      );
      expect(await remove(id)).toBe('DELETE_COMPLETE');
    });

    it('cannot remove a VPC with a foreign security group, nor a group that it names', async () => {
      const { id, outputs } = await created();
      const { GroupId = '' } = await network.send(
        new ec2.CreateSecurityGroupCommand({ GroupName: 'foreign', Description: 'foreign', VpcId: outputs['VpcId'] }),
      );
      await network.send(
        new ec2.AuthorizeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [
            {
              IpProtocol: 'tcp',
              FromPort: 1,
              ToPort: 1,
              UserIdGroupPairs: [{ GroupId: outputs['ProbeSecurityGroupId'] }],
            },
          ],
        }),
      );
      expect(await remove(id)).toBe('DELETE_FAILED');
      expect((await look(id)).StackStatusReason).toBe(
        'The following resource(s) failed to delete: [ProbeSecurityGroup]. ',
      );
      await network.send(
        new ec2.RevokeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [
            {
              IpProtocol: 'tcp',
              FromPort: 1,
              ToPort: 1,
              UserIdGroupPairs: [{ GroupId: outputs['ProbeSecurityGroupId'] }],
            },
          ],
        }),
      );
      expect(await remove(id)).toBe('DELETE_FAILED');
      expect((await look(id)).StackStatusReason).toBe('The following resource(s) failed to delete: [Vpc]. ');
      await network.send(new ec2.DeleteSecurityGroupCommand({ GroupId }));
      expect(await remove(id)).toBe('DELETE_COMPLETE');
    });

    it('cannot remove a VPC with an internet gateway', async () => {
      const { id, outputs } = await created();
      const { InternetGateway } = await network.send(new ec2.CreateInternetGatewayCommand({}));
      const attachment = { InternetGatewayId: InternetGateway?.InternetGatewayId, VpcId: outputs['VpcId'] };
      await network.send(new ec2.AttachInternetGatewayCommand(attachment));
      expect(await remove(id)).toBe('DELETE_FAILED');
      await network.send(new ec2.DetachInternetGatewayCommand(attachment));
      expect(await remove(id)).toBe('DELETE_COMPLETE');
    });

    it('lets go of a resource that a test makes stay, when it is retained or the deletion is forced', async () => {
      for (const letting of [{ RetainResources: ['ProbeRole'] }, { DeletionMode: 'FORCE_DELETE_STACK' as const }]) {
        const { id } = await created();
        await expect(stacks.send(new cfn.DeleteStackCommand({ StackName: id, ...letting }))).rejects.toThrow(
          'DELETE_FAILED',
        );
        aws.cloudFormation.failRemovalOf('ProbeRole', 'role is in use');
        expect(await remove(id)).toBe('DELETE_FAILED');
        aws.cloudFormation.failRemovalOf('ProbeRole', 'role is in use');
        await stacks.send(new cfn.DeleteStackCommand({ StackName: id, ...letting }));
        clock.advance(HOUR);
        expect((await look(id)).StackStatus).toBe('DELETE_COMPLETE');
        await aws.reset();
      }
    });
  });
});

import { CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import * as ec2 from '@aws-sdk/client-ec2';
import { Route53Client, paginateListHostedZones } from '@aws-sdk/client-route-53';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import * as rds from '@aws-sdk/client-rds';
import { SecretsManagerClient, paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import type { AwsWorld } from './aws-world.ts';

/**
 * Ids of everything in the account that a drill could have made, sorted: what a drill must leave as it was.
 *
 * Default network ACLs are left out: moto keeps one of every VPC that is gone.
 */
export async function listAccount(world: AwsWorld): Promise<readonly string[]> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7LISTING', secretAccessKey: 'listing' };
  const config = { endpoint: world.url, region: world.region, credentials, maxAttempts: 1 };
  const lists = await Promise.all([
    listNetworks(new ec2.EC2Client(config)),
    listDatabases(new rds.RDSClient(config)),
    collect(paginateListFunctions({ client: new LambdaClient(config) }, {}), (page) =>
      (page.Functions ?? []).map(({ FunctionArn }) => FunctionArn),
    ),
    collect(paginateListSecrets({ client: new SecretsManagerClient(config) }, {}), (page) =>
      (page.SecretList ?? []).map(({ ARN }) => ARN),
    ),
    collect(paginateListHostedZones({ client: new Route53Client(config) }, {}), (page) =>
      (page.HostedZones ?? []).map(({ Id }) => Id),
    ),
    collect(paginateDescribeStacks({ client: new CloudFormationClient(config) }, {}), (page) =>
      (page.Stacks ?? []).map(({ StackId }) => StackId),
    ),
  ]);
  return lists.flat().sort();
}

async function listNetworks(client: ec2.EC2Client): Promise<readonly string[]> {
  const config = { client };
  const lists = await Promise.all([
    collect(ec2.paginateDescribeVpcs(config, {}), (page) => (page.Vpcs ?? []).map(({ VpcId }) => VpcId)),
    collect(ec2.paginateDescribeSubnets(config, {}), (page) => (page.Subnets ?? []).map(({ SubnetId }) => SubnetId)),
    collect(ec2.paginateDescribeSecurityGroups(config, {}), (page) =>
      (page.SecurityGroups ?? []).map(({ GroupId }) => GroupId),
    ),
    collect(ec2.paginateDescribeRouteTables(config, {}), (page) =>
      (page.RouteTables ?? []).map(({ RouteTableId }) => RouteTableId),
    ),
    collect(ec2.paginateDescribeVpcEndpoints(config, {}), (page) =>
      (page.VpcEndpoints ?? []).map(({ VpcEndpointId }) => VpcEndpointId),
    ),
    collect(ec2.paginateDescribeNetworkInterfaces(config, {}), (page) =>
      (page.NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
    ),
  ]);
  return lists.flat();
}

async function listDatabases(client: rds.RDSClient): Promise<readonly string[]> {
  const config = { client };
  const lists = await Promise.all([
    collect(rds.paginateDescribeDBInstances(config, {}), (page) =>
      (page.DBInstances ?? []).map(({ DBInstanceArn }) => DBInstanceArn),
    ),
    collect(rds.paginateDescribeDBSnapshots(config, {}), (page) =>
      (page.DBSnapshots ?? []).map(({ DBSnapshotArn }) => DBSnapshotArn),
    ),
    collect(rds.paginateDescribeDBInstanceAutomatedBackups(config, {}), (page) =>
      (page.DBInstanceAutomatedBackups ?? []).map(({ DBInstanceAutomatedBackupsArn: arn, DBInstanceArn }) =>
        arn === undefined ? undefined : `${arn} of ${DBInstanceArn ?? ''}`,
      ),
    ),
    collect(rds.paginateDescribeDBSubnetGroups(config, {}), (page) =>
      (page.DBSubnetGroups ?? []).map(({ DBSubnetGroupName }) => DBSubnetGroupName),
    ),
  ]);
  return lists.flat();
}

async function collect<Page>(
  pages: AsyncIterable<Page>,
  idsOf: (page: Page) => readonly (string | undefined)[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const page of pages) ids.push(...idsOf(page).filter((id) => id !== undefined));
  return ids;
}

import { type ResourceType, numbered, numberedTags, objectsIn, textIn, textsIn } from './resource-types.ts';
import { childOf, childrenOf, textOf } from '../xml.ts';
import { ServiceRefusal } from './service-calls.ts';

/** The types of a sandbox outside EC2, made through RDS and IAM. */
export const ACCOUNT_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::RDS::DBSubnetGroup': {
    async create(properties, { services, tags, inventedName, exists }) {
      const subnetIds = textsIn(properties, 'SubnetIds');
      const subnets = await services.query('ec2', 'DescribeSubnets', numbered('SubnetId', subnetIds));
      const zones = new Set(childrenOf(subnets, 'subnetSet', 'item').map((one) => textOf(one, 'availabilityZone')));
      if (zones.size < 2) {
        throw new ServiceRefusal(
          'DBSubnetGroupDoesNotCoverEnoughAZs',
          `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ` +
            `${[...zones].join(', ')}. Add subnets to cover at least 2 AZs.`,
        );
      }
      // The service keeps the name in lower case and gives it back so.
      const name = (textIn(properties, 'DBSubnetGroupName') || inventedName).toLowerCase();
      await services.query('rds', 'CreateDBSubnetGroup', {
        DBSubnetGroupName: name,
        DBSubnetGroupDescription: textIn(properties, 'DBSubnetGroupDescription'),
        ...numbered('SubnetIds.SubnetIdentifier', subnetIds),
        ...numberedTags('Tags.Tag', tags),
      });
      exists({ physicalId: name, attributes: {} });
    },
    async remove({ services, made }) {
      // The simulated RDS refuses this while an instance lives there.
      await services.query('rds', 'DeleteDBSubnetGroup', { DBSubnetGroupName: made.physicalId });
    },
  },
  'AWS::IAM::Role': {
    async create(properties, { services, tags, inventedName, exists }) {
      const name = textIn(properties, 'RoleName') || inventedName;
      const answer = await services.query('iam', 'CreateRole', {
        RoleName: name,
        AssumeRolePolicyDocument: JSON.stringify(properties['AssumeRolePolicyDocument']),
        ...numberedTags('Tags.member', tags),
      });
      const attributes = {
        Arn: textOf(childOf(answer, 'Role'), 'Arn'),
        RoleId: textOf(childOf(answer, 'Role'), 'RoleId'),
      };
      exists({ physicalId: name, attributes });
      for (const policy of objectsIn(properties, 'Policies')) {
        await services.query('iam', 'PutRolePolicy', {
          RoleName: name,
          PolicyName: textIn(policy, 'PolicyName'),
          PolicyDocument: JSON.stringify(policy['PolicyDocument']),
        });
      }
    },
    async remove({ services, made, properties }) {
      for (const policy of objectsIn(properties, 'Policies')) {
        const named = { RoleName: made.physicalId, PolicyName: textIn(policy, 'PolicyName') };
        await services.query('iam', 'DeleteRolePolicy', named).catch((error: unknown) => {
          if (!(error instanceof ServiceRefusal && error.code === 'NoSuchEntity')) throw error;
        });
      }
      await services.query('iam', 'DeleteRole', { RoleName: made.physicalId });
    },
  },
};

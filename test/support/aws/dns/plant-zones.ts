import {
  ChangeResourceRecordSetsCommand,
  ChangeTagsForResourceCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { AwsWorld } from '../aws-world.ts';

/** Zones of somebody else, made with keys of their own. */
export interface ZonePlanter {
  /** A zone with records, private where a VPC is named; answers its plain id. */
  zone(name: string, records: readonly ResourceRecordSet[], more?: PlantedZone): Promise<string>;
  recordsOf(zoneId: string): Promise<readonly ResourceRecordSet[]>;
  close(): void;
}

export interface PlantedZone {
  readonly vpcId?: string;
  readonly comment?: string;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly reference?: string;
}

/** A planter of zones in a world. */
export function zonePlanterOf({ url, region }: Pick<AwsWorld, 'url' | 'region'>): ZonePlanter {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7PLANTER', secretAccessKey: 'planted' };
  const client = new Route53Client({ endpoint: url, region, credentials, maxAttempts: 1 });
  let planted = 0;
  return {
    async zone(name, records, { vpcId, comment, tags, reference = `planted-${(planted += 1)}` } = {}) {
      const isPrivate = vpcId !== undefined;
      const made = await client.send(
        new CreateHostedZoneCommand({
          Name: name,
          CallerReference: reference,
          HostedZoneConfig: { PrivateZone: isPrivate, ...(comment !== undefined && { Comment: comment }) },
          ...(isPrivate && { VPC: { VPCId: vpcId, VPCRegion: region as 'eu-west-1' } }),
        }),
      );
      const id = (made.HostedZone?.Id ?? '').replace('/hostedzone/', '');
      const Changes = records.map((ResourceRecordSet) => ({ Action: 'CREATE' as const, ResourceRecordSet }));
      if (Changes.length > 0) {
        await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes } }));
      }
      if (tags) {
        const command = { ResourceType: 'hostedzone' as const, ResourceId: id, AddTags: [...tags] };
        await client.send(new ChangeTagsForResourceCommand(command));
      }
      return id;
    },
    async recordsOf(zoneId) {
      const { ResourceRecordSets } = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId }));
      return ResourceRecordSets ?? [];
    },
    close: () => client.destroy(),
  };
}

/** What a drill's stack has made, as its outputs tell it. */
export interface SandboxNetwork {
  readonly vpcId: string;
  readonly dataSubnetIds: readonly string[];
  readonly probeSubnetIds: readonly string[];
  /** Of restored databases: in from the probe alone, out to nowhere. */
  readonly dataSecurityGroupId: string;
  /** Of the probe: out to databases and to the endpoint. */
  readonly probeSecurityGroupId: string;
  readonly endpointSecurityGroupId: string;
  /** The DB subnet group over the data subnets. */
  readonly subnetGroupName: string;
  readonly probeRoleArn: string;
  /** The interface endpoint of Secrets Manager. */
  readonly endpointId: string;
  readonly routeTableId: string;
}

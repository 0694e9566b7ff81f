import { randomBytes } from 'node:crypto';
import type { AwsCall, AwsReply, Layer } from '../call.ts';
import { isOk, jsonSubCall } from '../sub-call.ts';
import type { Clone } from './clones.ts';
import type { Databases } from './databases.ts';

/** Which parameter names the source of a restore, and which the instance that is made. */
const RESTORES: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>> = {
  RestoreDBInstanceFromDBSnapshot: { from: ['DBSnapshotIdentifier'], to: 'DBInstanceIdentifier' },
  RestoreDBInstanceToPointInTime: {
    from: ['SourceDBInstanceIdentifier', 'SourceDbiResourceId', 'SourceDBInstanceAutomatedBackupsArn'],
    to: 'TargetDBInstanceIdentifier',
  },
};

/**
 * Puts a real database behind every restored instance whose source is seeded: in the answers of RDS its endpoint is that
 * of the clone, and as soon as RDS manages the master user's secret, the clone has that user with that password. Where an
 * answer has no endpoint (the instance is still being made), none is put in. Behind instances of MariaDB and MySQL it is
 * MariaDB.
 */
export function databasesLayer(databases: Databases): Layer {
  const mastered = new Map<string, Promise<void>>();
  return async (call, next) => {
    if (call.service !== 'rds') return next(call);
    const reply = await next(call);
    if (!isOk(reply)) return reply;
    const restored = restoreOf(call);
    for (const servers of [databases, databases.mariaDb]) {
      if (restored && servers.isSeeded(restored.from)) await servers.clone(restored.from, restored.to);
      if (call.action === 'DeleteDBInstance') await servers.drop(instanceOf(call.params['DBInstanceIdentifier']));
    }
    return rewrite(reply, async (instance) => {
      const servers = textOf(instance, 'Engine') === 'postgres' ? databases : databases.mariaDb;
      const clone = await servers.cloneOf(idOf(instance));
      if (clone === undefined) return instance;
      const secret = /<MasterUserSecret>[^]*?<SecretArn>([^<]*)/.exec(instance)?.[1];
      if (secret !== undefined) {
        const user = textOf(instance, 'MasterUsername');
        if (!mastered.has(secret)) mastered.set(secret, handOver({ call, next, secret, user }, clone));
        await mastered.get(secret);
      }
      return withEndpoint(instance, clone);
    });
  };
}

function restoreOf(call: AwsCall): { readonly from: string; readonly to: string } | undefined {
  const restore = RESTORES[call.action];
  const from = restore?.from.map((name) => call.params[name]).find((value) => value !== undefined);
  if (restore === undefined || from === undefined) return undefined;
  // An identifier may be given as an ARN; that of an automated snapshot has a colon of its own.
  return {
    from: /^arn:[^:]*:rds:[^:]*:[^:]*:[^:]*:(.*)$/.exec(from)?.[1] ?? from,
    to: instanceOf(call.params[restore.to]),
  };
}

function instanceOf(id: string | undefined): string {
  return (id ?? '').toLowerCase();
}

function idOf(instance: string): string {
  return instanceOf(textOf(instance, 'DBInstanceIdentifier'));
}

function textOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}

/** Every `DBInstance` element of a reply, changed. */
async function rewrite(reply: AwsReply, change: (instance: string) => Promise<string>): Promise<AwsReply> {
  const text = reply.body.toString('utf8');
  const parts = text.split(/(<DBInstance>[^]*?<\/DBInstance>)/);
  if (parts.length === 1) return reply;
  const changed: string[] = [];
  for (const part of parts) changed.push(part.startsWith('<DBInstance>') ? await change(part) : part);
  return { ...reply, body: Buffer.from(changed.join('')) };
}

function withEndpoint(instance: string, { address, port }: Clone): string {
  return instance.replace(/<Endpoint>[^]*?<\/Endpoint>/, (endpoint) =>
    endpoint
      .replace(/<Address>[^<]*<\/Address>/, `<Address>${address}</Address>`)
      .replace(/<Port>[^<]*<\/Port>/, `<Port>${port}</Port>`),
  );
}

interface HandOver {
  readonly call: AwsCall;
  readonly next: (call: AwsCall) => Promise<AwsReply>;
  readonly secret: string;
  readonly user: string;
}

/** The emulator gives every instance the same user and password; RDS makes one up for each. */
async function handOver({ call, next, secret, user }: HandOver, clone: Clone): Promise<void> {
  const password = `canary-${randomBytes(12).toString('hex')}`;
  const put = await next(
    jsonSubCall(call, {
      service: 'secretsmanager',
      target: 'secretsmanager',
      action: 'PutSecretValue',
      json: { SecretId: secret, SecretString: JSON.stringify({ username: user, password }) },
    }),
  );
  if (!isOk(put)) throw new Error(`the secret of '${user}' cannot be put: ${put.body.toString('utf8')}`);
  await clone.setMaster(user, password);
}

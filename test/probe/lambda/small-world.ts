import { LambdaClient } from '@aws-sdk/client-lambda';
import { systemClock } from '../../../src/support/clock.ts';
import type { AwsCall, AwsReply, Layer } from '../../support/aws/call.ts';
import { startProxy } from '../../support/aws/proxy.ts';
import { renderError } from '../../support/aws/render-error.ts';
import { jsonReply } from '../../support/aws/xml.ts';

/** As much of AWS as the probe sees, without an emulator: Lambda's and Secrets Manager's answers. */
export interface SmallWorld {
  readonly url: string;
  readonly client: LambdaClient;
  /** Texts of secrets by their ARN. */
  readonly secrets: Map<string, string>;
  stop(): Promise<void>;
}

export async function startSmallWorld(layers: readonly Layer[]): Promise<SmallWorld> {
  const secrets = new Map<string, string>();
  const answer = async (call: AwsCall): Promise<AwsReply> => {
    if (call.service === 'lambda') return jsonReply({}, call.method === 'POST' ? 201 : 200);
    const { SecretId = '' } = (call.json ?? {}) as { SecretId?: string };
    const SecretString = secrets.get(SecretId);
    if (SecretString !== undefined) return jsonReply({ ARN: SecretId, SecretString });
    return renderError(call, { status: 400, code: 'ResourceNotFoundException', message: `canary-message ${SecretId}` });
  };
  const proxy = await startProxy(layers, answer, systemClock);
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const client = new LambdaClient({
    endpoint: proxy.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return {
    url: proxy.url,
    client,
    secrets,
    async stop() {
      client.destroy();
      await proxy.stop();
    },
  };
}

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Problem } from '../../diagnostics/problem.ts';
import type { Credentials } from './observe-restored.ts';

/**
 * Reads the secret that RDS keeps for the master user, through the endpoint of the sandbox's network. Never shows a part
 * of it, nor the service's message.
 */
export async function masterCredentials(secretArn: string, signal: AbortSignal): Promise<Credentials | Problem> {
  // Without an endpoint in the network requests hang; these bounds leave time to say so.
  const client = new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }), {
      abortSignal: signal,
    });
    return parsed(SecretString) ?? unreadable('it does not hold a user and a password');
  } catch (error) {
    return unreadable(error instanceof Error ? error.name : 'unknown error');
  } finally {
    client.destroy();
  }
}

function parsed(text: string): Credentials | undefined {
  try {
    const secret: unknown = JSON.parse(text);
    if (typeof secret !== 'object' || secret === null || !('username' in secret) || !('password' in secret))
      return undefined;
    if (typeof secret.username !== 'string' || typeof secret.password !== 'string') return undefined;
    return { user: secret.username, password: secret.password };
  } catch {
    // The parser's message would quote the secret.
    return undefined;
  }
}

function unreadable(why: string): Problem {
  return {
    code: 'probe/secret-unreadable',
    message: `unable to read the secret of the restored instance's master user: ${why}`,
    hint: "The probe's role must allow secretsmanager:GetSecretValue, and its network have an endpoint of Secrets Manager.",
    blames: 'environment',
  };
}

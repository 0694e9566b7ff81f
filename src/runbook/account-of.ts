/** The account that an ARN names, be it of an instance or a role; `undefined` for what is no ARN or names none. */
export function accountOf(arn: string): string | undefined {
  const account = arn.startsWith('arn:') ? arn.split(':')[4] : undefined;
  return account === '' ? undefined : account;
}

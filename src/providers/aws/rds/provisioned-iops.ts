/** gp3 refuses IOPS below a size that depends on the engine, and has its baseline without; the others have none to set. */
export function isProvisioned(storageType: string | undefined): boolean {
  return storageType === 'io1' || storageType === 'io2';
}

/** What RDS tells of the IOPS of a backup's storage, where a restore must ask for them again. */
export function provisionedIops({
  StorageType,
  Iops,
}: {
  readonly StorageType?: string | undefined;
  readonly Iops?: number | undefined;
}): { readonly iops?: number } {
  return Iops !== undefined && Iops > 0 && isProvisioned(StorageType) ? { iops: Iops } : {};
}

import { createHash } from 'node:crypto';
import { type IHasher, createCRC32 } from 'hash-wasm';

/** A checksum in the making. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Ends it. Lower-case hex, bytes in the order in which PostgreSQL writes them into a manifest. */
  digest(): string;
}

const CRC32C_POLYNOMIAL = 0x82f63b78;

/** The algorithms of `pg_basebackup --manifest-checksums`, as a manifest names them. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  SHA224: 'sha224',
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
};

/** Begins a checksum; `undefined` for an algorithm that PostgreSQL does not know. */
export async function beginChecksum(algorithm: string): Promise<Checksum | undefined> {
  if (algorithm === 'CRC32C') return beginCrc32c();
  const name = NODE_NAMES[algorithm];
  if (name === undefined) return undefined;
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('hex') };
}

/** Of bytes that are all at hand. */
export async function checksumOf(algorithm: string, bytes: Uint8Array): Promise<string | undefined> {
  const checksum = await beginChecksum(algorithm);
  checksum?.update(bytes);
  return checksum?.digest();
}

/** Making one takes longer than summing up most files of a cluster, and is not needed for each. */
const atRest: IHasher[] = [];

async function beginCrc32c(): Promise<Checksum> {
  const crc = atRest.pop() ?? (await createCRC32(CRC32C_POLYNOMIAL));
  crc.init();
  return {
    update: (chunk) => void crc.update(chunk),
    digest() {
      const hex = crc.digest('hex');
      atRest.push(crc);
      // PostgreSQL writes the number's bytes as they lie in memory, lowest first (pg_checksum_final).
      return Buffer.from(hex, 'hex').reverse().toString('hex');
    },
  };
}

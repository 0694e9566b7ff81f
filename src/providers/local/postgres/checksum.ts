import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';

/** A checksum in the making. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Ends it. Lower-case hex, bytes in the order in which PostgreSQL writes them into a manifest. */
  digest(): string;
}

/** The algorithms of `pg_basebackup --manifest-checksums`, as a manifest names them. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  SHA224: 'sha224',
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
};

/** Begins a checksum; `undefined` for an algorithm that PostgreSQL does not know. */
export function beginChecksum(algorithm: string): Checksum | undefined {
  if (algorithm === 'CRC32C') return beginCrc32c();
  const name = NODE_NAMES[algorithm];
  if (name === undefined) return undefined;
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('hex') };
}

/** Of bytes that are all at hand. */
export function checksumOf(algorithm: string, bytes: Uint8Array): string | undefined {
  const checksum = beginChecksum(algorithm);
  checksum?.update(bytes);
  return checksum?.digest();
}

function beginCrc32c(): Checksum {
  let sum = 0;
  return {
    update(chunk) {
      sum = crc32c(chunk, sum);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      // PostgreSQL writes the number's bytes as they lie in memory, lowest first (pg_checksum_final).
      bytes.writeUInt32LE(sum);
      return bytes.toString('hex');
    },
  };
}

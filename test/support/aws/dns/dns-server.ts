import { createSocket } from 'node:dgram';

/** A record as an answer holds it; names without a dot at the end. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'A' | 'CNAME';
  readonly ttl: number;
  readonly value: string;
}

/** The records that answer a question, a chain of aliases included; `undefined`: there is no such name. */
export type Answering = (name: string, type: string) => Promise<readonly DnsRecord[] | undefined>;

/** A running server. */
export interface DnsServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28 };
const NO_SUCH_NAME = 3;

/** A resolver on loopback that speaks DNS over UDP, one question a datagram (RFC 1035). */
export async function startDnsServer(answering: Answering): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    void answerTo(query, answering).then((reply) => {
      if (reply) socket.send(reply, from.port, from.address, () => {});
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  const { port } = socket.address();
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function answerTo(query: Buffer, answering: Answering): Promise<Buffer | undefined> {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return undefined;
  const { name, end } = readName(query, 12);
  const asked = query.readUInt16BE(end);
  const type = Object.entries(TYPES).find(([, number]) => number === asked)?.[0] ?? 'unknown';
  const answers = await answering(name.toLowerCase(), type);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An answer, recursion desired and available.
  header.writeUInt16BE(0x8180 | (answers === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers?.length ?? 0, 6);
  return Buffer.concat([header, query.subarray(12, end + 4), ...(answers ?? []).map(writeRecord)]);
}

/** Questions hold names in full: only answers point back. */
function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function writeRecord({ name, type, ttl, value }: DnsRecord): Buffer {
  const data = type === 'A' ? Buffer.from(value.split('.').map(Number)) : writeName(value);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(TYPES[type] ?? 0, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([writeName(name), fixed, data]);
}

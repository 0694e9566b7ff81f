import type { IsolationProof } from '../../resource.ts';
import type { Canaries, Canary } from './canaries.ts';
import type { EscapeAttempt } from './escape-script.ts';

/** All that the proofs of L1 and L2 are judged by. */
export interface EscapeEvidence {
  readonly level: 'L1' | 'L2';
  /** What the attempt saw, or why it could not be made. */
  readonly attempt: EscapeAttempt | { readonly failed: string };
  readonly canaries: Canaries;
  /** From where it was tried, as words. */
  readonly from: string;
  /** The runner's own namespaces. */
  readonly runner: Readonly<Record<string, string>>;
  /** The restored server's own namespaces, where there is one; the attempt must have been made in them. */
  readonly server?: Readonly<Record<string, string>>;
}

/** What a sandbox must never see of the host as a whole. */
const HOST_FOLDERS = ['/', '/boot', '/dev', '/etc', '/home', '/root', '/run', '/sys', '/var'];
/** How the sandbox's own file systems are named in its list of mounts. */
const OWN_FILE_SYSTEMS = ['tmpfs drillbook', 'proc drillbook'];

/** The proofs that a level claims; none of what it does not. An attempt that could not be made proves nothing. */
export function judgeEscape(evidence: EscapeEvidence): readonly IsolationProof[] {
  const claims = evidence.level === 'L2' ? [...CLAIMS_OF_L1, ...CLAIMS_OF_L2] : CLAIMS_OF_L1;
  return claims.map((claim) => {
    const { name, method, expected } = claim;
    const words = { claim: name, method: `${method}, ${evidence.from}`, expected };
    const { attempt } = evidence;
    if ('failed' in attempt)
      return { ...words, observed: `the attempt could not be made: ${attempt.failed}`, holds: false };
    return { ...words, ...claim.judge({ ...evidence, attempt }) };
  });
}

interface Claim {
  readonly name: string;
  readonly method: string;
  readonly expected: string;
  judge(evidence: EscapeEvidence & { attempt: EscapeAttempt }): { observed: string; holds: boolean };
}

const CLAIMS_OF_L1: readonly Claim[] = [
  {
    name: 'no network of the host can be reached',
    method: 'connected to a canary on 127.0.0.1',
    expected: 'refused; 1 hit, the control',
    judge: ({ attempt, canaries }) => judgeCanary(attempt.tcp, canaries.tcp),
  },
  {
    name: 'there is no network interface but its own loopback, and no way out',
    method: 'listed interfaces and routes',
    expected: 'only lo; no route but to lo',
    judge: ({ attempt: { interfaces, routes } }) => ({
      observed: `interfaces: ${interfaces.join(', ') || 'none'}; routes to: ${[...new Set(routes)].join(', ') || 'none'}`,
      holds: [...interfaces, ...routes].every((one) => one === 'lo'),
    }),
  },
  namespaceClaim('user'),
  namespaceClaim('net'),
  namespaceClaim('pid'),
];

const CLAIMS_OF_L2: readonly Claim[] = [
  {
    name: 'no unix socket of the host can be reached',
    method: 'connected to a canary in a folder outside',
    expected: 'refused; 1 hit, the control',
    judge: ({ attempt, canaries }) => judgeCanary(attempt.unix, canaries.unix),
  },
  {
    name: 'no file of the host can be seen but what was given',
    method: 'looked for a canary file outside, and listed mounts',
    expected: `ENOENT; a root of its own; none of ${HOST_FOLDERS.slice(1).join(' ')} given`,
    judge: judgeRoot,
  },
  {
    name: 'what is read-only cannot be written',
    method: 'opened a file for writing in each read-only folder',
    expected: 'EROFS',
    judge: ({ attempt: { writes } }) => ({
      observed: Object.entries(writes)
        .map(([folder, outcome]) => `'${folder}': ${outcome}`)
        .join(', '),
      holds: Object.values(writes).length > 0 && Object.values(writes).every((outcome) => outcome === 'EROFS'),
    }),
  },
  namespaceClaim('mnt'),
];

function judgeCanary(outcome: string, canary: Canary): { observed: string; holds: boolean } {
  if (canary.control !== 'reached') return { observed: `the canary is of no use: ${canary.control}`, holds: false };
  const hits = canary.hits();
  return {
    observed: `${outcome}; ${hits} ${hits === 1 ? 'hit' : 'hits'}`,
    holds: outcome !== 'connected' && hits === 1,
  };
}

function judgeRoot({ attempt }: { attempt: EscapeAttempt }): { observed: string; holds: boolean } {
  const given = attempt.mounts.filter(({ source }) => !OWN_FILE_SYSTEMS.includes(source)).map(({ point }) => point);
  const isOwnRoot = attempt.mounts.some(({ point, source }) => point === '/' && OWN_FILE_SYSTEMS.includes(source));
  const tooMuch = given.filter((point) => HOST_FOLDERS.includes(point));
  return {
    observed: `${attempt.file}; '/' holds ${attempt.root.join(' ')}; given: ${given.join(' ')}`,
    holds: attempt.file === 'ENOENT' && isOwnRoot && tooMuch.length === 0,
  };
}

function namespaceClaim(name: 'user' | 'net' | 'pid' | 'mnt'): Claim {
  return {
    name: `its ${name} namespace is not the host's`,
    method: `read /proc/PID/ns/${name}`,
    expected: "another inode than the runner's",
    judge({ attempt, runner, server }) {
      const tried = attempt.namespaces[name];
      const own = server === undefined ? tried : server[name];
      const observed = `${own ?? 'unknown'}; the runner's is ${runner[name] ?? 'unknown'}`;
      const isElsewhere = own !== undefined && runner[name] !== undefined && own !== runner[name];
      if (tried !== own)
        return { observed: `${observed}; the attempt was made in ${tried ?? 'unknown'}`, holds: false };
      return { observed, holds: isElsewhere };
    },
  };
}

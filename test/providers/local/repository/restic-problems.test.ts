import { describe, expect, it } from 'vitest';
import type { OpenRepository } from '../../../../src/providers/local/repository/open-repository.ts';
import { resticProblem } from '../../../../src/providers/local/repository/restic.ts';

const REPOSITORY = { source: '/nowhere/at/all' } as OpenRepository;
/** As restic 0.14 prints an error that it did not expect. */
const STACK = `github.com/restic/restic/internal/backend.ReadAt
\tgithub.com/restic/restic/internal/backend/readerat.go:39
runtime.goexit
\truntime/asm_amd64.s:1594
`;

async function problemOf(stderr: string) {
  return resticProblem(REPOSITORY, { code: 1, stdout: '', stderr }, "snapshot '1a2b3c4d'");
}

describe('what restic says', () => {
  it('proves a repository bad whose packs are empty files', async () => {
    expect(await problemOf(`EOF\nReadFull(<data/ea997e6421>)\n${STACK}`)).toMatchObject({
      code: 'restore/repository-damaged',
      blames: 'backup',
      message: expect.stringMatching(/: EOF: ReadFull\(<data\/ea997e6421>\)$/) as string,
    });
  });

  it('proves a repository bad whose key is cut off', async () => {
    expect(await problemOf('Fatal: Unmarshal: unexpected end of JSON input\n')).toMatchObject({
      code: 'restore/repository-damaged',
      blames: 'backup',
    });
  });

  it('is told without the stack below it, and proves nothing where reading itself failed', async () => {
    expect(await problemOf(`input/output error\nReadFull(<data/ea997e6421>)\n${STACK}`)).toMatchObject({
      code: 'restore/tool-failed',
      blames: 'environment',
      message: "restic could not read snapshot '1a2b3c4d': ReadFull(<data/ea997e6421>)",
    });
  });
});

import { defineConfig } from 'vitest/config';

const isWhole = process.env['DRILLBOOK_TESTS'] === 'whole';
const isCrashMatrix = process.env['DRILLBOOK_CRASH_MATRIX'] === 'whole';
/** Some 250 restores, of which the end-to-end tests make the most telling ones as whole drills. */
const FAULTS = 'test/faults/{base-backups,dumps,mysql-dumps,mysql-folders,repositories,wal-archives}.test.ts';
// Many times what most take on a quiet machine: nothing is to fail because others are at work too.
const common = { testTimeout: 180_000, hookTimeout: 240_000 };

export default defineConfig({
  test: {
    // Tests wait for processes more than they compute: one more than the cores of a small machine.
    maxWorkers: 3,
    globalSetup: ['test/support/aws/moto-for-workers.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'rooms',
          // Loading all modules anew for each of 240 files takes longer than many of them: those of a worker share them.
          isolate: false,
          setupFiles: ['test/support/put-back.ts'],
          include: ['test/**/*.test.ts'],
          exclude: ['test/end-to-end/**', ...(isWhole ? [] : [FAULTS])],
        },
      },
      {
        test: {
          ...common,
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          // In simulated time, `providers/aws/aws-crash` kills the same drill at far more places.
          exclude: isWhole || isCrashMatrix ? [] : ['test/end-to-end/aws-crash.test.ts'],
          globalSetup: ['test/support/build-estate.ts'],
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

const isWhole = process.env['DRILLBOOK_TESTS'] === 'whole';
const common = { testTimeout: 60_000, hookTimeout: 120_000 };

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
          include: ['test/**/*.test.ts'],
          // Some 80 restores, of which the end-to-end tests make the most telling ones as whole drills.
          exclude: ['test/end-to-end/**', ...(isWhole ? [] : ['test/faults/{base-backups,dumps}.test.ts'])],
        },
      },
      {
        test: {
          ...common,
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          globalSetup: ['test/support/build-estate.ts'],
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config'

/** They wait for real processes and hosts, which a shared machine may stall. */
const PROCESSES = ['test/e2e/**/*.test.ts', 'test/doctor/live/**/*.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['scripts/test-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two workers: the machine of the project has two cores, and socket tests share its loopback.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.{ts,tsx}'], exclude: PROCESSES },
      },
      {
        extends: true,
        // CI tries these again. A unit test never: a counterexample must not pass on a new seed.
        test: { name: 'processes', include: PROCESSES, retry: process.env['CI'] ? 2 : 0 },
      },
    ],
  },
})

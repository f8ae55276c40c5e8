import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['scripts/test-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two workers: the machine of the project has two cores, and socket tests share its loopback.
    maxWorkers: 2,
    // End-to-end tests wait for real processes, and CI machines are shared: a stall of one is tried
    // again there. Locally a test that fails once has failed.
    retry: process.env['CI'] ? 2 : 0,
  },
})

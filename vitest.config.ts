import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['scripts/test-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two workers: the machine of the project has two cores, and socket tests share its loopback.
    maxWorkers: 2,
  },
})

import { defineConfig } from 'vitest/config'

// Three suites: `unit` needs nothing, `integration` needs real servers (see tests/servers.ts), `system` is slow and violent.
const node = { environment: 'node' as const, pool: 'forks' as const }

export default defineConfig({
  test: {
    reporters: ['default', './tests/counts-reporter.ts'],
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/*.system.test.ts', 'node_modules/**'],
        },
      },
      {
        test: {
          ...node,
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: ['node_modules/**'],
          globalSetup: ['tests/servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...node,
          name: 'system',
          include: ['**/*.system.test.ts'],
          exclude: ['node_modules/**'],
          globalSetup: ['tests/servers.ts'],
          testTimeout: 900_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})

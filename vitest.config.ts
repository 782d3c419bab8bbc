import { defineConfig } from 'vitest/config'

// `unit` needs nothing, `data` the folder of real sales that FLIPSTREAM_DATA names, `integration` real servers (tests/servers.ts);
// `system` is slow and violent, and `cluster` is that on three brokers of its own (tests/cluster).
const node = { environment: 'node' as const, pool: 'forks' as const, setupFiles: ['tests/seed.ts'] }
const kinds = ['data', 'integration', 'system', 'cluster'] as const
/** No test of these takes a third of it on a quiet machine: what hangs must not eat the time of all others. A campaign takes what it takes. */
const longMillis = process.env['CLUSTER_RECORDS'] === undefined ? 420_000 : 3_600_000
/** What benchmarks build of earlier commits has tests, too. */
const notOurs = ['node_modules/**', '.flipstream/**']
const filesOf = (kind: (typeof kinds)[number]) => `**/*.${kind}.test.ts`

export default defineConfig({
  test: {
    reporters: ['default', './tests/slowest-reporter.ts', './tests/counts-reporter.ts'],
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...kinds.map(filesOf), ...notOurs],
          // Machines differ, and other work runs beside: a test that hangs is told from one that waits for a processor.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...node,
          name: 'data',
          include: [filesOf('data')],
          exclude: notOurs,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...node,
          name: 'integration',
          include: [filesOf('integration')],
          exclude: notOurs,
          globalSetup: ['tests/servers.ts'],
          // Real servers and a busy market in one process: five times as long beside other work as on a quiet machine.
          testTimeout: 150_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...node,
          name: 'system',
          include: [filesOf('system')],
          exclude: notOurs,
          globalSetup: ['tests/servers.ts'],
          testTimeout: longMillis,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...node,
          name: 'cluster',
          include: [filesOf('cluster')],
          exclude: notOurs,
          globalSetup: ['tests/servers.ts'],
          testTimeout: longMillis,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})

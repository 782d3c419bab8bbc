import { appendFileSync } from 'node:fs'
import type { Reporter, TestCase } from 'vitest/node'

export type Counts = Readonly<{ passed: number; failed: number; skipped: number }>

/**
 * Ends every run with `N passed, N failed` of tests that were really executed, and adds the same as a line of JSON to the file named by
 * TEST_COUNTS_FILE, where .ci/run sums up several runs. A file that does not load, and an error outside of tests, count as failed.
 */
export default function createCountsReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const count = (state: ReturnType<TestCase['result']>['state']) => tests.filter((test) => test.result().state === state).length
      const brokenFiles = modules.filter((module) => module.errors().length > 0).length
      const counts: Counts = {
        passed: count('passed'),
        failed: count('failed') + brokenFiles + unhandledErrors.length,
        skipped: count('skipped'),
      }
      if (counts.skipped > 0) process.stdout.write(`${counts.skipped} SKIPPED\n`)
      process.stdout.write(`${countsLine(counts)}\n`)
      const file = process.env['TEST_COUNTS_FILE']
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`)
    },
  }
}

export const countsLine = ({ passed, failed }: Counts): string => `${passed} passed, ${failed} failed`

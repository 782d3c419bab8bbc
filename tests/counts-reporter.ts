import { appendFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** `failures`: for each failure its file, the test's full name and the first line of the error. */
export type Counts = Readonly<{ passed: number; failed: number; skipped: number; failures: readonly string[] }>

/**
 * Ends every run with the names of what failed and `N passed, N failed` of tests that were really executed, and adds the same as a line
 * of JSON to the file named by TEST_COUNTS_FILE, where .ci/run sums up several runs. A file that does not load, and an error outside of
 * tests, count as failed.
 */
export default function createCountsReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const count = (state: ReturnType<TestCase['result']>['state']) => tests.filter((test) => test.result().state === state).length
      const broken = modules.filter((module) => module.errors().length > 0)
      const failures = [
        ...tests.filter((test) => test.result().state === 'failed').map(failureOfTest),
        ...broken.map(failureOfModule),
        ...unhandledErrors.map((error) => `outside of tests: ${firstLine(error.message)}`),
      ]
      const counts: Counts = { passed: count('passed'), failed: failures.length, skipped: count('skipped'), failures }
      process.stdout.write(`${countsText(counts)}\n`)
      const file = process.env['TEST_COUNTS_FILE']
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`)
    },
  }
}

/** What failed comes last but one, since a build machine often shows the end of its log alone. */
export const countsText = ({ passed, failed, skipped, failures }: Counts): string =>
  [
    ...failures.map((failure) => `FAILED  ${failure}`),
    ...(skipped > 0 ? [`${skipped} SKIPPED`] : []),
    `${passed} passed, ${failed} failed`,
  ].join('\n')

const failureOfTest = (test: TestCase): string =>
  `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors?.[0]?.message)}`

const failureOfModule = (module: TestModule): string => `${module.relativeModuleId}: ${firstLine(module.errors()[0]?.message)}`

const maxCharacters = 300
const firstLine = (message = 'no message'): string => message.trimStart().split('\n', 1).join('').slice(0, maxCharacters)

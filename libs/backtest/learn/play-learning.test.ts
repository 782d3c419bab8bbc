import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, expect, it } from 'vitest'
import { parseBacktestArguments } from '#app/cli/backtest/arguments.ts'
import { run as sample } from '#app/cli/sample/main.ts'
import { bestOf } from './play-learning.ts'
import { runLearning } from './run-learning.ts'
import { formatLearning } from './text.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-learn-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('prices the same sales in four ways by the same bundles, and says what they are worth', { timeout: 240_000 }, async () => {
  const salesFile = join(directory, 'sales.csv')
  const output = new PassThrough()
  const written = text(output)
  await sample(['--days', '4', '--seed', '3', '--per-hour', '8'], output)
  output.end()
  writeFileSync(salesFile, await written)
  const argv = ['--sales', salesFile, '--source', 'synthetic', '--draws', '20', '--learn', '--from', '2026-01-03']
  const result = await runLearning(parseBacktestArguments(argv), { backend: 'wasm', progress: { show: () => {}, end: () => {} } })

  expect(result.arms.map(({ name }) => name)).toEqual(['frozen', 'nightly', 'judged', 'hindsight'])
  const [frozen, nightly, judged, hindsight] = result.arms.map(({ sales, loss }) => ({ sales, loss }))
  for (const arm of [nightly, judged, hindsight]) expect(arm?.sales).toBe(frozen?.sales)
  // Two days are no time for a verdict: what the learner puts in force is what it was given.
  expect(judged?.loss).toBe(frozen?.loss)
  expect(nightly?.loss).not.toBe(frozen?.loss)
  expect(hindsight?.loss).toBeLessThanOrEqual(frozen?.loss as number)
  expect(formatLearning(result)).toContain('expect few verdicts')
})

it('finds the best bundle of a day by its date: days without sales are in no list', () => {
  const alone = [
    [0.06, 0.07],
    [0.05, 0.09],
    [0.04, 0.01],
  ].map(([before, after]) => [
    { day: 10, loss: before as number },
    { day: 12, loss: after as number },
  ])
  expect([bestOf(alone, 0, 10), bestOf(alone, 1, 11), bestOf(alone, 2, 12), bestOf(alone, 1, 12)]).toEqual([0, 0, 2, 0])
})

import { expect, test } from 'vitest'
import { explainError } from '#lib/cli/explain-error.ts'
import { type EndedTraining, trainingFailure } from './training-failure.ts'

const wordsFor = (ended: Partial<EndedTraining>, source: 'live' | 'recorded' = 'live') =>
  explainError(trainingFailure({ code: 1, signal: null, stderr: '', ...ended }, source, 'run-1.'))

const progress = 'training: tree 1 of 100 of the item model\ntraining: features of 10 of 300 sales\n'

test.each([
  'no sales are left for the block newest: 10000 sales within 41 minutes are too dense, give a longer file',
  'enough_rows: expected at least 300 rows; found 12 rows',
])('a market that cannot be learnt from says so, and what helps: %s', (reason) => {
  const words = wordsFor({ stderr: `${progress}${reason}\n` })
  expect(words).toMatch(/^No first model can be made of these sales: /)
  expect(words).toContain(`${reason}\nWhat helps: more of the market. Ask for more days (HISTORY_DAYS)`)
  expect(words).toContain('PREFIX=run-1. npx flipstream train --sales FILE.csv --source live --promote')
  expect(words).not.toMatch(/fault of flipstream|training: |\n\s+at /)
})

test('a file that is played helps otherwise', () => {
  expect(wordsFor({ stderr: 'too few' }, 'recorded')).toMatch(/too few\nWhat helps: a file with more sales/)
})

test('what is ours is not blamed on the sales', () => {
  const stack = 'TypeError: x is not a function\n    at train\nThis is a fault of flipstream itself: please report it with these lines.'
  expect(wordsFor({ stderr: stack })).toBe(`The training of the first model failed (exit code 1):\n${stack}`)
})

test('one that was killed says by what', () => {
  expect(wordsFor({ code: null, signal: 'SIGKILL' })).toMatch(/ended from outside \(SIGKILL\), perhaps for want of memory/)
})

import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { columnsOf, createProgress } from './progress.ts'

function screen(about: { isTTY?: boolean; columns?: number; rows?: number }) {
  const written: string[] = []
  const stderr = { ...about, write: (text: string | Buffer) => written.push(String(text)) }
  const clock = createManualClock(0)
  return { written, clock, ...createProgress({ clock, stderr, stdout: stderr }) }
}

test.each([
  [undefined, 80],
  [0, 80],
  [5, 20],
  [200, 200],
])('a terminal that says it has %s columns is taken as %d wide', (columns, width) => {
  expect(columnsOf({ ...(columns === undefined ? {} : { columns }) })).toBe(width)
})

test('several lines are overwritten together, none of them wraps, and what stays is above them', () => {
  const { written, status, say } = screen({ isTTY: true, columns: 40, rows: 10 })
  status(['first '.repeat(20), 'second'])
  expect(
    written
      .join('')
      .split('\n')
      .every((line) => line.length < 40),
  ).toBe(true)
  written.length = 0
  say('something happened')
  expect(written.join('')).toBe(`\r\x1b[1A\x1b[Jsomething happened\n${'first '.repeat(20).slice(0, 39)}\nsecond`)
})

test('more lines than the screen has rows are left out', () => {
  const { written, status } = screen({ isTTY: true, columns: 40, rows: 5 })
  status(Array.from({ length: 20 }, (_, index) => `line ${index}`))
  expect(written.join('').split('\n')).toHaveLength(3)
})

test('what an app quotes from outside cannot move the cursor', () => {
  const { written, status } = screen({ isTTY: true, columns: 80 })
  status('problem: \x1b[2J\x07 gone\nsecond')
  expect(written.join('')).toBe('problem:  [2J  gone second')
})

test('without a terminal: a line now and then, and no control characters', () => {
  const { written, status, clock } = screen({ isTTY: false })
  status('one')
  status('two')
  clock.advanceTo(10_000)
  status('three')
  expect(written).toEqual(['one\n', 'three\n'])
})

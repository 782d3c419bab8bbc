import { expect, test } from 'vitest'
import { createProgressBar } from './progress.ts'

test('the bar says how far it is and how long it will take, over itself in a terminal, a line now and then elsewhere', () => {
  let now = 0
  const bar = (isTTY: boolean) => {
    const written: string[] = []
    const stream = { write: (line: string) => written.push(line), isTTY, columns: 200 }
    return { written, ...createProgressBar({ stream, now: () => now }) }
  }
  const [terminal, file] = [bar(true), bar(false)]
  for (const [at, done] of [
    [0, 0],
    [1_000, 0.25],
    [6_000, 0.5],
    [7_000, 1],
  ] as const) {
    now = at
    for (const one of [terminal, file]) one.show(done, 'playing')
  }
  terminal.end()
  expect(terminal.written.map((line) => line.replace('\r\u001b[K', ''))).toEqual([
    `${'░'.repeat(24)}   0%  playing`,
    `${'█'.repeat(6)}${'░'.repeat(18)}  25%  playing, 3 s left`,
    `${'█'.repeat(12)}${'░'.repeat(12)}  50%  playing, 6 s left`,
    `${'█'.repeat(24)} 100%  playing`,
    '',
  ])
  expect(file.written).toHaveLength(3)
  expect(file.written.every((line) => line.endsWith('\n'))).toBe(true)
})

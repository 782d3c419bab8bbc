import { describe, expect, it } from 'vitest'
import { functionLineViolations, functionsOf } from './function-lines.ts'

const lines = (count: number) => Array.from({ length: count }, (_, index) => `  // ${index}`).join('\n')
const path = 'libs/stream/follow.ts'

describe('the lines of a function', () => {
  it('are counted from its first to its last, whatever is in them, for each kind of function and those inside', () => {
    const text = `type A = string
export function declared(
  a: A,
): void {
  // why

  const arrow = () => {
    a.trim()
  }
  return arrow()
}
export const object = {
  method() {
    return 1
  },
}
`
    expect(functionsOf({ path, text })).toEqual([
      { path, line: 2, lines: 10 },
      { path, line: 7, lines: 3 },
      { path, line: 13, lines: 3 },
    ])
  })

  it('are at most 70, also where each inside is short', () => {
    const functionOf = (count: number) => [{ path, text: `export function long() {\n${lines(count - 2)}\n}\n` }]
    expect(functionLineViolations(functionOf(70))).toEqual([])
    expect(functionLineViolations(functionOf(71))).toEqual([
      { path, line: 1, message: 'begins a function of 71 lines, expected at most 70: ask what two things it is' },
    ])
  })

  it('are not those of a suite, nor of a folder that is not held to it', () => {
    const text = `export function long() {\n${lines(100)}\n}\n`
    for (const other of ['libs/stream/follow.test.ts', 'libs/stream/testing/log-contract.ts', 'libs/words/words.ts'])
      expect(functionLineViolations([{ path: other, text }])).toEqual([])
  })
})

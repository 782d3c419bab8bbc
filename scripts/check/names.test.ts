import { describe, expect, it } from 'vitest'
import { nameViolations } from './names.ts'

const linesOf = (...lines: string[]) => nameViolations([{ path: 'libs/a/a.ts', text: lines.join('\n') }]).map(({ line }) => line)

describe('names that say nothing', () => {
  it('are refused as variables, parameters and functions, at each of their lines', () => {
    expect(
      linesOf(
        'const told = 1',
        'function of(kind: string) {',
        '  return kind + told',
        '}',
        'for (const _ of of("x")) {}',
        'const f = (of: number) => 2',
        'const g = ({ told }: T) => 3',
        'const h = ([...of]: number[]) => 4',
        'type F = { at(of: string): number }',
      ),
    ).toEqual([1, 2, 3, 5, 6, 7, 8, 9])
  })

  it('are left to loops, to members of documents and to functions of others', () => {
    expect(
      linesOf(
        'for (const told_ of list) Array.of(1)',
        'const document = { told: 1, of: 2 }',
        'type T = Readonly<{ told: number; of(): void }>',
        'const { told: share } = document',
        'document.told += Buffer.of(1).length // told of',
        "const text = 'told of it'",
      ),
    ).toEqual([])
  })
})

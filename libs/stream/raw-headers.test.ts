import { expect, it } from 'vitest'
import type { HeaderBytes } from './log.ts'
import { formatRaw, parseRaw, withHeaders } from './raw-headers.ts'

it('further headers take the place of those of their name, and of no other, whatever names there are', () => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'mine', 'mine']
  const headers = names.map((name, index): HeaderBytes => [name, index === 0 ? null : Buffer.from(String(index))])
  const { raw } = withHeaders({ headers: {}, raw: { headers } }, { mine: 'new' })
  expect(raw!.headers!.map(([name, value]) => [name, value?.toString() ?? null])).toEqual([
    ['constructor', null],
    ['toString', '1'],
    ['__proto__', '2'],
    ['hasOwnProperty', '3'],
    ['mine', 'new'],
  ])
  expect(parseRaw(formatRaw({ raw: raw! })!)).toEqual(raw)
})

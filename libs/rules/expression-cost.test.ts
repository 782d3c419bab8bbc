import { Environment } from '@marcbachmann/cel-js'
import { describe, expect, it } from 'vitest'
import { compileExpression, ExpressionError } from './expression.ts'
import { worstCaseSteps } from './expression-cost.ts'

const parser = new Environment({ homogeneousAggregateLiterals: false })
const steps = (text: string) => worstCaseSteps(parser.parse(text).ast)
const ones = (count: number) => `[${Array(count).fill('1').join(',')}]`
describe('the cost of an expression', () => {
  it('is its nodes, where no list is gone through', () => {
    expect(steps('1 + 2 > 3')).toBe(5)
  })

  it('is a list times what is asked of each entry, and lists within lists multiply', () => {
    expect(steps(`${ones(100)}.all(a, a > 0)`)).toBeGreaterThanOrEqual(100)
    const two = steps(`${ones(100)}.all(a, ${ones(100)}.all(b, a > b))`)
    expect(two).toBeGreaterThanOrEqual(10_000)
    expect(two).toBeLessThan(100_000)
    expect(steps(`${ones(100)}.all(a, ${ones(100)}.all(b, ${ones(100)}.all(c, ${ones(100)}.all(d, true))))`)).toBeGreaterThan(1e8)
  })

  it('counts what grows by itself', () => {
    expect(steps(`[${ones(1)}]${'.map(l, l + l)'.repeat(30)}.size() > 0`)).toBeGreaterThan(1e9)
    expect(steps(`["ab"]${'.map(t, t + t)'.repeat(30)}.size() > 0`)).toBeGreaterThan(1e9)
    expect(steps(`[${ones(100)}].all(l, l.all(a, l.all(b, l.all(c, l.all(d, true)))))`)).toBeGreaterThan(1e8)
    expect(steps(`${ones(64)}.all(a, "a,b".split(",").map(x, ${ones(64)}).all(l, l.all(b, l.all(c, true))))`)).toBeGreaterThan(1e5)
  })
})

describe('an expression that could take for ever', () => {
  it.each([
    ['lists in lists', `${'similarSales.all(s, '.repeat(6)}s.usd > 1${')'.repeat(6)}`],
    ['lists written out', `[${ones(100)}].all(l, l.all(a, l.all(b, l.all(c, l.all(d, a + b > c + d)))))`],
    ['a list that doubles', `[[1]]${'.map(l, l + l)'.repeat(40)}.size() > 0`],
    ['a text that doubles', `["a"]${'.map(t, t + t)'.repeat(40)}.size() > 0`],
  ])('is refused when it is loaded: %s', (_, text) => {
    const begun = performance.now()
    expect(() => compileExpression(text)).toThrow(ExpressionError)
    expect(() => compileExpression(text)).toThrow(/at most 100000 steps a listing, found up to/)
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it('is no ordinary rule', () => {
    for (const text of [
      'item.class == "plant" && ask.usd < 0.5 * forecast.q50',
      'similarSales.exists(s, s.usd > 1.3 * ask.usd) && similarSales.all(s, s.usd > ask.usd)',
      'similarSales.all(a, similarSales.exists(b, b.usd > a.usd))',
    ])
      expect(steps(text)).toBeLessThan(100_000)
  })
})

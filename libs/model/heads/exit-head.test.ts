import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { type ExitExamples, type ExitHead, exitQuantiles, fitExitHead, restoreExitHead, storeExitHead } from './exit-head.ts'
import { headColumns } from './head-inputs.ts'

const offsets = [-0.5, -0.2, 0, 0.2, 0.5]

/**
 * A market with a winner's curse: the forecast errs by a tenth to three tenths of the price, sellers know what theirs is worth and ask about
 * that, and the next sale strays from it. The second input says how far the forecast errs.
 */
function purchases(count: number, seed: number): ExitExamples {
  const random = createRandom(seed)
  const rows: { inputs: number[]; median: number; ask: number; exit: number }[] = []
  while (rows.length < count) {
    const error = 0.1 + 0.2 * random.uniform()
    const worth = 100 * Math.exp(0.3 * random.normal())
    const median = worth * Math.exp(error * random.normal())
    const ask = worth * Math.exp(0.3 * random.normal())
    if (ask > median) continue
    const inputs = headColumns.map((_, column) => (column === 1 ? error : random.uniform()))
    rows.push({ inputs, median, ask, exit: worth * Math.exp(0.1 * random.normal()) })
  }
  return {
    inputs: Float32Array.from(rows.flatMap(({ inputs }) => inputs)),
    quantilesUsd: Float64Array.from(rows.flatMap(({ median }) => offsets.map((offset) => median * Math.exp(offset)))),
    asksUsd: Float64Array.from(rows, ({ ask }) => ask),
    exitsUsd: Float64Array.from(rows, ({ exit }) => exit),
  }
}

const wanted = (exitQ25Usd: number, askUsd: number): boolean => exitQ25Usd * 0.9575 >= 1.3 * askUsd

const shareAtLeast = ({ exitsUsd }: ExitExamples, quantiles: Float64Array, rows: readonly number[], level: number): number =>
  rows.filter((row) => (exitsUsd[row] as number) >= (quantiles[row * 5 + level] as number)).length / rows.length

describe('the head of exits', { timeout: 60_000 }, () => {
  let head: ExitHead
  const later = purchases(6_000, 3)

  beforeAll(async () => {
    head = await fitExitHead(purchases(4_000, 1), wanted, 1)
  }, 60_000)

  test('its quantiles hold among what its rule alerts, where those of the forecast do not', () => {
    const exits = exitQuantiles(head, later)
    const alerted = [...later.asksUsd.keys()].filter((row) => wanted(exits[row * 5 + 1] as number, later.asksUsd[row] as number))
    expect(alerted.length).toBeGreaterThan(300)
    expect(shareAtLeast(later, later.quantilesUsd, alerted, 1)).toBeLessThan(0.68)
    expect(Math.abs(shareAtLeast(later, exits, alerted, 1) - 0.75)).toBeLessThan(0.05)
    expect(Math.abs(shareAtLeast(later, exits, alerted, 2) - 0.5)).toBeLessThan(0.06)
    expect(head.weight).toBeGreaterThan(0)
  })

  /** One of the rows, at other asks. */
  const at = (row: number, asksUsd: readonly number[], exitHead = head): Float64Array =>
    exitQuantiles(exitHead, {
      inputs: Float32Array.from(
        asksUsd.flatMap(() => [...later.inputs.subarray(row * headColumns.length, (row + 1) * headColumns.length)]),
      ),
      quantilesUsd: Float64Array.from(asksUsd.flatMap(() => [...later.quantilesUsd.subarray(row * 5, row * 5 + 5)])),
      asksUsd: Float64Array.from(asksUsd),
    })

  test('a lower ask never cancels an alert: whatever the rule wants of ratio and gain, at whatever quantile', () => {
    const weights = fc.double({ min: 0, max: 1, noNaN: true })
    const shifts = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 5, maxLength: 5 })
    const share = fc.double({ min: 0.01, max: 1.5, noNaN: true })
    const rule = fc.record({
      ratio: fc.double({ min: 0, max: 3, noNaN: true }),
      gain: fc.double({ min: 0, max: 50, noNaN: true }),
      level: fc.nat(4),
    })
    fc.assert(
      fc.property(fc.nat(5_999), share, share, weights, shifts, rule, (row, one, other, weight, shifts, { ratio, gain, level }) => {
        const median = later.quantilesUsd[row * 5 + 2] as number
        const [high, low] = [Math.max(one, other) * median, Math.min(one, other) * median]
        const exits = at(row, [high, low], { ...head, weight, shifts })
        const wants = (exit: number, ask: number): boolean => exit * 0.9575 >= ask * ratio && exit * 0.9575 - ask >= gain
        if (wants(exits[level] as number, high)) expect(wants((exits[5 + level] as number) + 1e-9, low)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('its quantiles never cross, and a row says the same alone', () => {
    const exits = exitQuantiles(head, later)
    expect(exits.every((value, index) => index % 5 === 0 || value >= (exits[index - 1] as number))).toBe(true)
    expect([...at(77, [later.asksUsd[77] as number])]).toEqual([...exits.subarray(77 * 5, 78 * 5)])
  })

  test('above the median it says no more than the forecast', () => {
    const quantiles = later.quantilesUsd.subarray(0, 5)
    const exits = at(0, [(quantiles[2] as number) * 1.2])
    exits.forEach((exit, level) => {
      expect(exit).toBeLessThanOrEqual(quantiles[level] as number)
    })
  })

  test('is the same after it was stored and restored; what does not fit is refused', () => {
    const { definition, weights } = storeExitHead(head)
    const restored = restoreExitHead({ definition: JSON.parse(JSON.stringify(definition)), weights: Buffer.from(weights) })
    expect(exitQuantiles(restored, later)).toEqual(exitQuantiles(head, later))
    expect(() => restoreExitHead({ definition, weights: weights.subarray(4) })).toThrow('bytes of trees')
    expect(() => restoreExitHead({ definition: { ...(definition as object), weight: 2 }, weights })).toThrow()
  })
})

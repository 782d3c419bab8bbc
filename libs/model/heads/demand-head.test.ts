import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import {
  type DemandExamples,
  demandChances,
  demandRates,
  demandSpans,
  fitDemandHead,
  logPaceOf,
  restoreDemandHead,
  storeDemandHead,
} from './demand-head.ts'
import { headColumns } from './head-inputs.ts'

const spans = demandSpans.length
const busy = 0.2
const quiet = 0.02

/** Half of the axies are of a busy build, and of each hour only a share was watched. */
function listings(count: number, seed: number, watchedShare: number): DemandExamples {
  const random = createRandom(seed)
  const inputs = new Float32Array(count * headColumns.length)
  const watchedHours = new Float64Array(count * spans)
  const soldIn = new Int8Array(count).fill(-1)
  const logPaces = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    const rate = row % 2 === 0 ? busy : quiet
    logPaces[row] = Math.log(rate)
    const soldAfter = -Math.log(1 - random.uniform()) / rate
    let watched = 0
    demandSpans.forEach(({ from, until }, span) => {
      const hours = (until - from) * watchedShare
      watchedHours[row * spans + span] = Math.min(hours, Math.max(0, soldAfter - watched))
      if (soldAfter > watched && soldAfter <= watched + hours) soldIn[row] = span
      watched += hours
    })
  }
  return { inputs, logRatios: new Float64Array(count), logPaces, watchedHours, soldIn }
}

describe('the head of demand', { timeout: 60_000 }, () => {
  test('learns how often others are sold; hours that nobody watched do not count against them', async () => {
    for (const watchedShare of [1, 0.4]) {
      const head = await fitDemandHead(listings(3_000, 1, watchedShare), 1)
      if (head === null) throw new Error('expected a head')
      const chances = demandChances(demandRates(head, listings(2, 2, 1)))
      for (const [row, rate] of [busy, quiet].entries())
        demandSpans.forEach(({ until }, span) => {
          expect(Math.abs((chances[row * spans + span] as number) - -Math.expm1(-rate * until))).toBeLessThan(0.06)
        })
    }
  })

  test('chances grow from span to span, and are of as many hours as are watched', () => {
    const rates = Float64Array.of(0.1, 0.05, 0.02, 0.01)
    const whole = demandChances(rates)
    expect([...whole]).toEqual([...whole].sort((a, b) => a - b))
    expect(whole[0]).toBeCloseTo(1 - Math.exp(-0.1))
    expect(demandChances(rates, [0, 0, 18, 0])[2]).toBeCloseTo(1 - Math.exp(-0.36))
    expect([...demandChances(rates, [0, 0, 0, 0])]).toEqual([0, 0, 0, 0])
  })

  test('the pace counts those at the price or more', () => {
    expect(logPaceOf({ usd: [10, 20, 30], watchedHours: 100 }, 20)).toBeCloseTo(Math.log(2.5 / 100))
    expect(logPaceOf({ usd: [], watchedHours: 0 }, 20)).toBeCloseTo(Math.log(0.5))
    expect(logPaceOf(null, 20)).toBeNaN()
  })

  test('is the same after it was stored and restored; too few sales make no head', async () => {
    const examples = listings(1_000, 4, 1)
    const head = await fitDemandHead(examples, 1)
    if (head === null) throw new Error('expected a head')
    const { definition, weights } = storeDemandHead(head)
    const restored = restoreDemandHead({ definition: JSON.parse(JSON.stringify(definition)), weights: Buffer.from(weights) })
    expect(demandRates(restored, examples)).toEqual(demandRates(head, examples))
    expect(await fitDemandHead(listings(20, 5, 1), 1)).toBeNull()
  })
})

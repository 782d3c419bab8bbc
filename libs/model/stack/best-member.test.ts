import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { noWorseThanBestMember } from './best-member.ts'
import { combine, fitWeights } from './stack-weights.ts'

const random = createRandom(1)
const rows = 2_000
const targets = Float64Array.from({ length: rows }, () => random.normal())

/** Quantiles around what happened, that stray by a given amount, with some rows that are far off. */
const member = (strays: number, farShare = 0): Float64Array =>
  Float64Array.from(targets).reduce(
    (all, target, row) => {
      const median = target + strays * random.normal() + (random.uniform() < farShare ? 5 : 0)
      all.set(
        [-0.5, -0.2, 0, 0.2, 0.5].map((offset) => median + offset),
        row * 5,
      )
      return all
    },
    new Float64Array(rows * 5),
  )

const medianError = (forecast: Float64Array): number =>
  targets.map((target, row) => Math.abs(Math.expm1((forecast[row * 5 + 2] as number) - target))).sort()[rows / 2] as number

describe('the weights of a stack', () => {
  test('stay as they were fitted where no member alone is better', () => {
    const combination = { forecasts: [member(0.2), member(0.2)], targets, leastWeight: 0.02 }
    const weights = fitWeights(combination)
    expect(noWorseThanBestMember(weights, combination)).toEqual(weights)
  })

  test('move to a rule whose median error is less, though its far errors made it lose', () => {
    // Mostly right and now and then far off: by pinball loss it is worse, by the median better.
    const combination = { forecasts: [member(0.3), member(0.02, 0.2)], targets, leastWeight: 0.02 }
    const fitted = fitWeights(combination)
    const moved = noWorseThanBestMember(fitted, combination)
    const errorOf = (weights: readonly number[]) => medianError(combine(combination.forecasts, weights))
    expect(errorOf(fitted)).toBeGreaterThan(errorOf([0, 1]))
    expect(errorOf(moved)).toBeLessThanOrEqual(errorOf([0, 1]))
    expect(moved.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1)
  })
})

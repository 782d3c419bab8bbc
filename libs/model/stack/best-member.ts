import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { type Combination, combine } from './stack-weights.ts'

/** How far a combination goes towards its best member, where that alone is better. */
const steps = [0, 0.25, 0.5, 0.75, 1]

/**
 * The weights that least pinball loss chose, moved towards the member with the least median error as far as it takes for the combination to be
 * no worse than that member on the rows they were all asked about. What people go by is the median error, and a stack that is worse than
 * one of its members, such as the rule that needs no model, has no place. Members that would count for less than `leastWeight` get 0.
 */
export function noWorseThanBestMember(weights: readonly number[], { forecasts, targets, leastWeight }: Combination): number[] {
  const errors = forecasts.map((forecast) => medianErrorOf(forecast, targets))
  const best = errors.indexOf(Math.min(...errors))
  for (const step of steps) {
    const moved = weights.map((weight, member) => (1 - step) * weight + (member === best ? step : 0))
    const kept = moved.map((weight) => (weight < leastWeight ? 0 : weight))
    const total = kept.reduce((sum, weight) => sum + weight, 0)
    const candidate = kept.map((weight) => weight / total)
    if (medianErrorOf(combine(forecasts, candidate), targets) <= (errors[best] as number)) return candidate
  }
  return weights.map((_, member) => (member === best ? 1 : 0))
}

/** As a share of the price. */
function medianErrorOf(forecast: Float64Array, targets: Float64Array): number {
  const errors = targets.map((target, row) => Math.abs(Math.expm1((forecast[row * quantileCount + medianIndex] as number) - target)))
  return quantileOfSorted(errors.sort(), 0.5)
}

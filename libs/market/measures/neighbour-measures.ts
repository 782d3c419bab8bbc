/** The nearest neighbours of an axie among the newest sales of its class: like the ladder, but by how many parts agree. */

import type { Traits } from '#lib/axie/similarity.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { salesMillis } from '#lib/market/horizons.ts'
import { type ClassSales, maxSalesOfClass, packBattleParts, packOtherParts } from '#lib/market/memory/class-sales.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'
import { createWeighted, insertWeighted, totalWeight, type Weighted, weightedMean, weightedQuantile } from './weighted.ts'

export type NeighbourInput = Readonly<{ classSales: ClassSales; traits: Traits; asOf: number }>

const maxNeighbours = 15
/** What an equal part counts, and what breed count and age take off; found by experiment on real sales. */
const weights = { back: 2, mouth: 1.5, horn: 1.5, tail: 1.5, eyes: 0.5, ears: 0.5 } as const
const perBreed = 0.35
const perDay = 0.25
const sharpness = 1.2

const definitions: MeasureDefinition[] = [
  ['neighbours.q25', `lower quartile of the relative prices of the nearest ${maxNeighbours}, weighted by exp(${sharpness} × likeness)`],
  ['neighbours.median', 'their weighted median'],
  ['neighbours.q75', 'their weighted upper quartile'],
  ['neighbours.mean', 'their weighted mean'],
  [
    'neighbours.nearest',
    `likeness of the nearest of the newest ${maxSalesOfClass} sales of the class in 14 days: equal back 2, mouth, horn, tail 1.5, eyes, ears 0.5, less ${perBreed} a breed and ${perDay} a day`,
  ],
  ['neighbours.weight', 'sum of the weights, the nearest weighing 1'],
  ['neighbours.residual.q25', 'lower quartile of the residuals (see residual-measures.ts) of the same neighbours, weighted likewise'],
  ['neighbours.residual.median', 'their weighted median'],
  ['neighbours.residual.q75', 'their weighted upper quartile'],
  ['neighbours.residual.mean', 'their weighted mean, with one more of residual 0 and weight 0.5'],
]

/** Weights of two packed parts by the 12 bits in which they differ; in halves, so that they are whole numbers. */
const halvesOf = (low: number, high: number): Uint8Array =>
  Uint8Array.from({ length: 4_096 }, (_, difference) => 2 * ((difference & 63 ? 0 : low) + (difference >>> 6 ? 0 : high)))
const mouthAndHorn = halvesOf(weights.mouth, weights.horn)
const backAndTail = halvesOf(weights.back, weights.tail)
const eyesAndEars = halvesOf(weights.eyes, weights.ears)
const maxOfEyesAndEars = 2 * (weights.eyes + weights.ears)

/** Nearest first. Reused from call to call: the fold runs in one thread. */
const likeness = new Float64Array(maxNeighbours)
const relatives = new Float64Array(maxNeighbours)
const residuals = new Float64Array(maxNeighbours)
const relativePairs = createWeighted(maxNeighbours)
const residualPairs = createWeighted(maxNeighbours)

function insert(count: number, value: number, relative: number, residual: number): number {
  let place = count < maxNeighbours ? count : maxNeighbours - 1
  for (; place > 0 && (likeness[place - 1] as number) < value; place -= 1) {
    likeness[place] = likeness[place - 1] as number
    relatives[place] = relatives[place - 1] as number
    residuals[place] = residuals[place - 1] as number
  }
  likeness[place] = value
  relatives[place] = relative
  residuals[place] = residual
  return count < maxNeighbours ? count + 1 : count
}

function collect({ classSales, traits, asOf }: NeighbourInput): number {
  const [wantedBattle, wantedOther, wantedBreeds, oldest] = [packBattleParts(traits), packOtherParts(traits), traits[1], asOf - salesMillis]
  const { start, end, soldAt, relative, residual, battleParts, otherParts, breedCount } = classSales.columnsOf(traits[0], traits[8])
  let [count, farthest, farthestHalves] = [0, Number.NEGATIVE_INFINITY, -1]
  for (let row = end - 1; row >= start; row -= 1) {
    const battle = wantedBattle ^ (battleParts[row] as number)
    const battleHalves = (mouthAndHorn[battle & 4_095] as number) + (backAndTail[battle >>> 12] as number)
    // Nothing makes up for parts, and eyes and ears count little, so most rows are done here.
    if (battleHalves + maxOfEyesAndEars <= farthestHalves) continue
    const halves = battleHalves + (eyesAndEars[wantedOther ^ (otherParts[row] as number)] as number)
    if (halves <= farthestHalves) continue
    const time = soldAt[row] as number
    if (time <= oldest) break
    const breeds = Math.abs((breedCount[row] as number) - wantedBreeds)
    const value = halves / 2 - perBreed * breeds - (perDay * Math.max(0, asOf - time)) / dayMillis
    // Where two are equally alike the newer sale stands first, since rows come newest first.
    if (value <= farthest) continue
    count = insert(count, value, relative[row] as number, residual[row] as number)
    if (count < maxNeighbours) continue
    farthest = likeness[maxNeighbours - 1] as number
    farthestHalves = Math.floor(2 * farthest)
  }
  return count
}

/** Many residuals may be unknown, right after a first model was promoted. */
const priorWeight = 0.5

function fill(pairs: Weighted, values: Float64Array, count: number): void {
  const nearest = likeness[0] as number
  pairs.count = 0
  for (let place = 0; place < count; place += 1) {
    const value = values[place] as number
    if (!Number.isNaN(value)) insertWeighted(pairs, value, Math.exp(sharpness * ((likeness[place] as number) - nearest)))
  }
}

export const neighbourMeasures: MeasureGroup<NeighbourInput> = {
  definitions,
  write(into, input) {
    const count = collect(input)
    const quartiles = (pairs: Weighted, total: number): void => {
      for (const share of [0.25, 0.5, 0.75]) into.push(weightedQuantile(pairs, total, share))
    }
    fill(relativePairs, relatives, count)
    const weight = totalWeight(relativePairs)
    quartiles(relativePairs, weight)
    into.push(weightedMean(relativePairs, weight), count === 0 ? Number.NaN : (likeness[0] as number), weight)
    fill(residualPairs, residuals, count)
    const residualWeight = totalWeight(residualPairs)
    quartiles(residualPairs, residualWeight)
    into.push(residualPairs.count === 0 ? Number.NaN : weightedMean(residualPairs, residualWeight, priorWeight))
  },
}

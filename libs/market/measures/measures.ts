/**
 * The numbers the fold measures for the features: MarketContext.measures, one for each name here, in this order. They are made where the
 * state is, so that no state has to travel; the feature set picks from them by name.
 */
import { createHash } from 'node:crypto'
import { ladderMeasures } from './ladder-measures.ts'
import { levelMeasures } from './level-measures.ts'
import type { MeasureDefinition } from './measure-group.ts'
import { neighbourMeasures } from './neighbour-measures.ts'
import { ownMeasures } from './own-measures.ts'
import { residualMeasures } from './residual-measures.ts'

export const measureDefinitions: readonly MeasureDefinition[] = [
  ...levelMeasures.definitions,
  ...ladderMeasures.definitions,
  ...neighbourMeasures.definitions,
  ...ownMeasures.definitions,
  ...residualMeasures.definitions,
]

export const measureNames: readonly string[] = measureDefinitions.map(([name]) => name)

/** MarketContext.measureSet: changes with any name, meaning or order. */
export const measureSet: string = createHash('sha256').update(JSON.stringify(measureDefinitions)).digest('hex').slice(0, 16)

const numbers: ReadonlyMap<string, number> = new Map(measureNames.map((name, number) => [name, number]))

/** Where a measure stands in MarketContext.measures. Throws a RangeError for a name that is none. */
export function measureNumber(name: string): number {
  const number = numbers.get(name)
  if (number === undefined)
    throw new RangeError(`expected the name of a measure, found ${JSON.stringify(name)}: see libs/market/measures/measures.ts`)
  return number
}

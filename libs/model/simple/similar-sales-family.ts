import { z } from 'zod'
import { type Forecaster, type ModelFamily, targetsOf } from '#lib/model/model-family.ts'
import { fitResidualQuantiles, spreadOut } from './residual-quantiles.ts'

/** From the most to the least alike: what sales of an axie's like went for, relative to the level. */
const usualColumns = ['full.median', 'six.median', 'c4b.median', 'c4.median', 'cb.median', 'class.q50']

/** The rule that people go by: what the last sales of axies like it fetched, of the closest likeness that has any; else the anchor. */
export function createSimilarSalesFamily(columnNames: readonly string[] = usualColumns): ModelFamily {
  return {
    kind: 'similar',
    settings: { columnNames },
    async fit({ columns, anchor, stopping }) {
      const placeOf = (name: string): number => columns.findIndex((column) => column.name === name)
      const places = [...columnNames, anchor].map(placeOf).filter((place) => place >= 0)
      const rule = { vectorWidth: columns.length, places }
      const residualQuantiles = fitResidualQuantiles(firstKnown(rule, stopping.vectors), targetsOf(stopping))
      return { forecaster: createForecaster({ ...rule, residualQuantiles }), learning: null }
    },
    restore({ definition, weights }) {
      if (weights.length > 0) throw new Error(`a rule has no weights, found ${weights.length} bytes`)
      return createForecaster(definitionSchema.parse(definition))
    },
  }
}

const count = z.number().int().nonnegative()
const definitionSchema = z.object({ vectorWidth: count, places: z.array(count).min(1), residualQuantiles: z.array(z.number()).length(5) })

type Rule = Omit<z.infer<typeof definitionSchema>, 'residualQuantiles'>

const createForecaster = (definition: z.infer<typeof definitionSchema>): Forecaster => ({
  vectorWidth: definition.vectorWidth,
  forecast: (vectors) => spreadOut(firstKnown(definition, vectors), definition.residualQuantiles),
  explain: null,
  store: () => ({ definition, weights: Buffer.alloc(0) }),
  dispose: () => {},
})

/** The first of these numbers that is known, for each row; 0, which is the level itself, where none is. */
function firstKnown({ vectorWidth, places }: Rule, vectors: Float32Array): Float64Array {
  return Float64Array.from({ length: vectors.length / vectorWidth }, (_, row) => {
    const place = places.find((place) => Number.isFinite(vectors[row * vectorWidth + place]))
    return place === undefined ? 0 : (vectors[row * vectorWidth + place] as number)
  })
}

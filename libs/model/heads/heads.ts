import { z } from 'zod'
import type { StoredModel } from '#lib/model/model-family.ts'
import type { AskedRows, HeadAnswers } from '#lib/model/price-model.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { type DemandHead, type DemandRows, demandRates, logPaceOf, restoreDemandHead, storeDemandHead } from './demand-head.ts'
import { type ExitHead, exitQuantiles, restoreExitHead, storeExitHead } from './exit-head.ts'
import { headInputs } from './head-inputs.ts'

/** What a model says beyond the forecast, of listings whose ask is known. Either is null where there was too little to learn it from. */
export type Heads = Readonly<{ exit: ExitHead | null; demand: DemandHead | null }>

export function askHeads({ exit, demand }: Heads, rows: AskedRows): HeadAnswers {
  const inputs = headInputs(rows)
  const { quantilesUsd } = rows.forecasts
  return {
    exitUsd: exit === null ? null : exitQuantiles(exit, { inputs, quantilesUsd, asksUsd: rows.asksUsd }),
    demandRates: demand === null ? null : demandRates(demand, { inputs, ...atPrices(rows) }),
  }
}

function atPrices({ alike, demandUsd, forecasts: { quantilesUsd } }: AskedRows): Pick<DemandRows, 'logRatios' | 'logPaces'> {
  const medianOf = (row: number): number => quantilesUsd[row * quantileCount + medianIndex] as number
  const priceOf = (row: number): number => demandUsd?.[row] ?? medianOf(row)
  return {
    logRatios: Float64Array.from(alike, (_, row) => Math.log(priceOf(row) / medianOf(row))),
    logPaces: Float64Array.from(alike, (sales, row) => logPaceOf(sales, priceOf(row))),
  }
}

/** By level: the middle of a skewed price counts most. Fixed, for nothing is gained by fitting them. */
const meanWeights = [0.15, 0.2, 0.3, 0.2, 0.15] as const

/** The mean of each row's price, dollars: what the sum over many axies is made of, where medians add up to too little. */
export function meansOf(quantilesUsd: Float64Array): Float64Array {
  return Float64Array.from({ length: quantilesUsd.length / quantileCount }, (_, row) =>
    meanWeights.reduce((sum, weight, level) => sum + weight * (quantilesUsd[row * quantileCount + level] as number), 0),
  )
}

const bytes = z.number().int().nonnegative()
const definitionSchema = z.object({
  exit: z.object({ bytes, head: z.unknown() }).nullable(),
  demand: z.object({ bytes, head: z.unknown() }).nullable(),
})

export function storeHeads({ exit, demand }: Heads): StoredModel {
  const stored = { exit: exit === null ? null : storeExitHead(exit), demand: demand === null ? null : storeDemandHead(demand) }
  const described = (head: StoredModel | null) => (head === null ? null : { bytes: head.weights.length, head: head.definition })
  return {
    definition: { exit: described(stored.exit), demand: described(stored.demand) },
    weights: Buffer.concat([stored.exit, stored.demand].flatMap((head) => head?.weights ?? [])),
  }
}

/** Throws a plain Error that says what does not fit. */
export function restoreHeads({ definition, weights }: StoredModel): Heads {
  const { exit, demand } = definitionSchema.parse(definition)
  const [exitBytes, demandBytes] = [exit?.bytes ?? 0, demand?.bytes ?? 0]
  if (exitBytes + demandBytes !== weights.length)
    throw new Error(`expected ${exitBytes + demandBytes} bytes of heads, found ${weights.length}`)
  return {
    exit: exit === null ? null : restoreExitHead({ definition: exit.head, weights: weights.subarray(0, exitBytes) }),
    demand: demand === null ? null : restoreDemandHead({ definition: demand.head, weights: weights.subarray(exitBytes) }),
  }
}

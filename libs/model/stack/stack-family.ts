import { z } from 'zod'
import { type FittedModel, type Forecaster, type ModelFamily, type TrainingTask, targetsOf } from '#lib/model/model-family.ts'
import { type Examples, type Explain, sliceExamples } from '#lib/model/price-model.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { noWorseThanBestMember } from './best-member.ts'
import { type Combination, combine, fitWeights } from './stack-weights.ts'

/** Where forward-chaining folds end, as shares of the training rows: members learn from all before a boundary and forecast up to the next. */
const boundaries = [0.4, 0.6, 0.8, 1] as const
/** The newest share of the rows a member learns from tells it when to stop. */
const stoppingShare = 0.1
/** A member that counts for less is left out: it would cost more time than it brings. */
const leastWeight = 0.02

/**
 * Several models as one: each quantile is the weighted mean of its members' (so quantiles cannot cross). The weights are fitted to what
 * members said of rows that came after all they had learnt from, in folds that go forward in time, and so that the stack is no worse there
 * than its best member; then each learns from everything.
 */
export function createStackFamily(families: readonly ModelFamily[]): ModelFamily {
  return {
    kind: 'stack',
    settings: { members: families.map(({ kind, settings }) => ({ kind, ...settings })), boundaries, stoppingShare },
    async fit(task) {
      const fits = families.length * boundaries.length
      let done = 0
      const step = () => task.onProgress?.(++done, fits)
      const learnt = await outOfFold(families, task, step)
      const weights = noWorseThanBestMember(fitWeights(learnt), learnt)
      const forward = { from: Math.floor(task.fit.levels.length * boundaries[0]), quantiles: combine(learnt.forecasts, weights) }
      const members: (Member & Pick<FittedModel, 'refit'>)[] = []
      for (const [index, family] of families.entries()) {
        const weight = weights[index] as number
        if (weight > 0) {
          const { forecaster, refit } = await family.fit({ ...task, onProgress: undefined })
          members.push({ kind: family.kind, weight, forecaster, refit })
        }
        step()
      }
      const refit = async (examples: Examples): Promise<Forecaster> => {
        const again: Member[] = []
        for (const { kind, weight, forecaster, refit } of members)
          again.push({ kind, weight, forecaster: refit === undefined ? forecaster : await refit(examples) })
        return createForecaster(again)
      }
      return { forecaster: createForecaster(members), learning: null, refit, forward, members }
    },
    restore({ definition, weights }) {
      const { members } = definitionSchema.parse(definition)
      const total = members.reduce((sum, { bytes }) => sum + bytes, 0)
      if (total !== weights.length) throw new Error(`expected ${total} bytes of members, found ${weights.length}`)
      let at = 0
      const restored = members.map(({ kind, weight, bytes, definition }): Member => {
        const family = families.find((family) => family.kind === kind)
        if (family === undefined) throw new Error(`this version knows no members of kind ${kind}`)
        const forecaster = family.restore({ definition, weights: weights.subarray(at, at + bytes) })
        at += bytes
        return { kind, weight, forecaster }
      })
      if (new Set(restored.map(({ forecaster }) => forecaster.vectorWidth)).size > 1)
        throw new Error('members take vectors of other lengths')
      return createForecaster(restored)
    },
  }
}

type Member = Readonly<{ kind: string; weight: number; forecaster: Forecaster }>

const definitionSchema = z.object({
  members: z
    .array(z.object({ kind: z.string(), weight: z.number().positive(), bytes: z.number().int().nonnegative(), definition: z.unknown() }))
    .min(1),
})

/** What members say of rows they could not know, fold after fold, and what those fetched. */
async function outOfFold(families: readonly ModelFamily[], task: TrainingTask, onFit: () => void): Promise<Combination> {
  const rows = task.fit.levels.length
  const forecasts: Float64Array[][] = families.map(() => [])
  const targets: Float64Array[] = []
  for (const [fold, share] of boundaries.slice(0, -1).entries()) {
    const known = Math.floor(rows * share)
    const until = Math.floor(rows * (boundaries[fold + 1] as number))
    const stopFrom = Math.floor(known * (1 - stoppingShare))
    const [fit, stopping] = [sliceExamples(task.fit, 0, stopFrom), sliceExamples(task.fit, stopFrom, known)]
    const asked: Examples = sliceExamples(task.fit, known, until)
    targets.push(targetsOf(asked))
    for (const [index, family] of families.entries()) {
      const { forecaster } = await family.fit({ ...task, fit, stopping, onProgress: undefined })
      forecasts[index]?.push(forecaster.forecast(asked.vectors))
      forecaster.dispose()
      onFit()
    }
  }
  return { forecasts: forecasts.map(joined), targets: joined(targets), leastWeight }
}

function joined(blocks: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(blocks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const block of blocks) {
    all.set(block, at)
    at += block.length
  }
  return all
}

/** Members that cannot say why are part of what is forecast before anything is known: the reasons given are the others'. */
function explanationBy(members: readonly Member[], vectorWidth: number): Explain | null {
  if (members.every(({ forecaster }) => forecaster.explain === null)) return null
  return (vectors) => {
    const rows = vectors.length / vectorWidth
    const total = new Float64Array(rows * (vectorWidth + 1))
    for (const { weight, forecaster } of members) {
      if (forecaster.explain !== null) {
        forecaster.explain(vectors).forEach((effect, index) => {
          total[index] = (total[index] as number) + weight * effect
        })
      } else {
        const quantiles = forecaster.forecast(vectors)
        for (let row = 0; row < rows; row++) {
          const base = row * (vectorWidth + 1) + vectorWidth
          total[base] = (total[base] as number) + weight * (quantiles[row * quantileCount + medianIndex] as number)
        }
      }
    }
    return total
  }
}

function createForecaster(members: readonly Member[]): Forecaster {
  const { vectorWidth } = (members[0] as Member).forecaster
  const weights = members.map(({ weight }) => weight)
  return {
    vectorWidth,
    forecast: (vectors) =>
      combine(
        members.map(({ forecaster }) => forecaster.forecast(vectors)),
        weights,
      ),
    explain: explanationBy(members, vectorWidth),
    store() {
      const stored = members.map(({ kind, weight, forecaster }) => ({ kind, weight, ...forecaster.store() }))
      return {
        definition: { members: stored.map(({ weights, ...member }) => ({ ...member, bytes: weights.length })) },
        weights: Buffer.concat(stored.map(({ weights }) => weights)),
      }
    },
    dispose() {
      for (const { forecaster } of members) forecaster.dispose()
    },
  }
}

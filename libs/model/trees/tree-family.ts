import { z } from 'zod'
import { type Forecaster, type ModelFamily, type StoredModel, targetsOf } from '#lib/model/model-family.ts'
import { medianIndex, quantileCount, quantileLevels, uncross } from '#lib/model/quantile-head.ts'
import { createContributions } from './contributions.ts'
import { defaultTreeSettings, type FitTreesOptions, type FittedTrees, fitTrees, type TreeExamples, type TreeSettings } from './fit-trees.ts'
import { restoreTrees, storeTrees } from './stored-trees.ts'
import { predictTrees, type TreeEnsemble } from './tree-ensemble.ts'

type Settings = Omit<TreeSettings, 'seed' | 'objective'> &
  Readonly<{
    /** At most this many trees more that forecast the uppermost quantile alone: among the others one tree in eight forks for it. 0: none. */
    tailRounds: number
  }>

const { seed: _seed, objective: _objective, ...treeSettings } = defaultTreeSettings
const usualSettings: Settings = { ...treeSettings, tailRounds: 200 }

/** What is rare is learnt in larger steps and larger leaves: of thirty rows one or two lie above their 0.95 quantile. */
const tailGrowth = { learningRate: 0.06, fewestRowsInLeaf: 100 }
const tailLevel = quantileLevels.length - 1

/** Boosted trees with a value per quantile in each leaf. */
export const createTreeFamily = (changed: Partial<Settings> = {}): ModelFamily => treesOfKind('trees', { ...usualSettings, ...changed })

/** One tree, whose leaves are the quantiles of their rows: what a person can read, and what boosting must beat. */
export const createDecisionTreeFamily = (): ModelFamily =>
  treesOfKind('tree', {
    ...usualSettings,
    rounds: 1,
    learningRate: 1,
    mostLeaves: 100,
    columnShare: 1,
    rowShare: 1,
    fewestRowsInLeaf: 40,
    tailRounds: 0,
  })

function treesOfKind(kind: string, settings: Settings): ModelFamily {
  return {
    kind,
    settings,
    async fit({ columns, fit, stopping, seed, onProgress = () => {} }) {
      const [examples, validation] = [fit, stopping].map((rows) => ({ vectors: rows.vectors, targets: targetsOf(rows) })) as [
        TreeExamples,
        TreeExamples,
      ]
      const most = 2 * (settings.rounds + settings.tailRounds)
      const grow = (levels: readonly number[], changed: Partial<Settings>, rows: TreeExamples, options: FitTreesOptions) =>
        fitTrees(rows, columns, { ...settings, objective: { kind: 'quantiles', levels }, seed, ...changed }, options)
      const growBoth = async (rows: TreeExamples, rounds: Rounds, from: number, options: FitTreesOptions): Promise<Both> => {
        const all = await grow(quantileLevels, { rounds: rounds.all }, rows, {
          ...options,
          onProgress: (done) => onProgress(from + done, most),
        })
        if (rounds.tail === 0) return { all, tail: null }
        const onTail = (done: number): void => onProgress(from + settings.rounds + done, most)
        const tailSettings = { ...tailGrowth, rounds: rounds.tail }
        return { all, tail: await grow([quantileLevels[tailLevel] as number], tailSettings, rows, { ...options, onProgress: onTail }) }
      }
      const { all, tail } = await growBoth(examples, { all: settings.rounds, tail: settings.tailRounds }, 0, { validation })
      const kept: Rounds = { all: all.ensemble.roots.length, tail: tail?.ensemble.roots.length ?? 0 }
      return {
        forecaster: createForecaster(all.ensemble, tail?.ensemble ?? null),
        learning: { step: 'tree', kept: kept.all, losses: all.validationLosses },
        async refit(rows) {
          const again = await growBoth({ vectors: rows.vectors, targets: targetsOf(rows) }, kept, most / 2, {})
          return createForecaster(again.all.ensemble, again.tail?.ensemble ?? null)
        },
      }
    },
    restore({ definition, weights }) {
      const { tail = null } = tailSchema.parse(definition)
      const tailBytes = tail?.bytes ?? 0
      const ensemble = restoreTrees({ definition, weights: weights.subarray(0, weights.length - tailBytes) })
      if (ensemble.start.length !== quantileCount) {
        throw new Error(`expected trees with ${quantileCount} quantiles, found ${ensemble.start.length}`)
      }
      if (tail === null) return createForecaster(ensemble, null)
      const ofTail = restoreTrees({ definition: tail.trees, weights: weights.subarray(weights.length - tailBytes) })
      if (ofTail.start.length !== 1 || ofTail.vectorWidth !== ensemble.vectorWidth)
        throw new Error('the trees of the uppermost quantile do not fit the others')
      return createForecaster(ensemble, ofTail)
    },
  }
}

type Rounds = Readonly<{ all: number; tail: number }>
type Both = Readonly<{ all: FittedTrees; tail: FittedTrees | null }>

/** Beside the definition of the trees for all quantiles. Bundles before it have none. */
const tailSchema = z.object({ tail: z.object({ bytes: z.number().int().nonnegative(), trees: z.unknown() }).nullish() })

function createForecaster(ensemble: TreeEnsemble, tail: TreeEnsemble | null): Forecaster {
  return {
    vectorWidth: ensemble.vectorWidth,
    forecast(vectors) {
      const quantiles = predictTrees(ensemble, vectors)
      if (tail !== null)
        predictTrees(tail, vectors).forEach((value, row) => {
          quantiles[row * quantileCount + tailLevel] = value
        })
      return uncross(quantiles)
    },
    explain: createContributions(ensemble, medianIndex),
    store: () => storeBoth(ensemble, tail),
    dispose: () => {},
  }
}

function storeBoth(ensemble: TreeEnsemble, tail: TreeEnsemble | null): StoredModel {
  const { definition, weights } = storeTrees(ensemble)
  if (tail === null) return { definition, weights }
  const stored = storeTrees(tail)
  return {
    definition: { ...(definition as object), tail: { bytes: stored.weights.length, trees: stored.definition } },
    weights: Buffer.concat([weights, stored.weights]),
  }
}

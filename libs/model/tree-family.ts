import { defaultTreeSettings, fitTrees, type TreeSettings } from './gbdt/fit-trees.ts'
import { restoreTrees, storeTrees } from './gbdt/stored-trees.ts'
import { predictTrees, type TreeEnsemble } from './gbdt/tree-ensemble.ts'
import { type Forecaster, type ModelFamily, targetsOf } from './model-family.ts'
import { quantileCount, quantileLevels } from './quantile-head.ts'

type Settings = Omit<TreeSettings, 'seed' | 'objective'>

const { seed: _seed, objective: _objective, ...usualSettings } = defaultTreeSettings

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
  })

function treesOfKind(kind: string, settings: Settings): ModelFamily {
  return {
    kind,
    settings,
    async fit({ columns, fit, stopping, seed, onProgress = () => {} }) {
      const objective = { kind: 'quantiles', levels: quantileLevels } as const
      const examples = { vectors: fit.vectors, targets: targetsOf(fit) }
      const validation = { vectors: stopping.vectors, targets: targetsOf(stopping) }
      const { ensemble, validationLosses } = await fitTrees(examples, columns, { ...settings, objective, seed }, { validation, onProgress })
      const learning = { step: 'tree', kept: ensemble.roots.length, losses: validationLosses }
      return { forecaster: createForecaster(ensemble), learning }
    },
    restore(stored) {
      const ensemble = restoreTrees(stored)
      if (ensemble.start.length !== quantileCount) {
        throw new Error(`expected trees with ${quantileCount} quantiles, found ${ensemble.start.length}`)
      }
      return createForecaster(ensemble)
    },
  }
}

const createForecaster = (ensemble: TreeEnsemble): Forecaster => ({
  vectorWidth: ensemble.vectorWidth,
  forecast: (vectors) => sortQuantiles(predictTrees(ensemble, vectors)),
  explain: null,
  store: () => storeTrees(ensemble),
  dispose: () => {},
})

/**
 * Where two quantiles of a row cross, sorting them brings each nearer to the truth: Chernozhukov, Fernández-Val and Galichon, Quantile
 * and probability curves without crossing (2010). In place.
 */
export function sortQuantiles(quantiles: Float64Array): Float64Array {
  for (let at = 0; at < quantiles.length; at += quantileCount) quantiles.subarray(at, at + quantileCount).sort()
  return quantiles
}

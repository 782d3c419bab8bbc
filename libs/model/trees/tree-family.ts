import { type Forecaster, type ModelFamily, targetsOf } from '#lib/model/model-family.ts'
import { medianIndex, quantileCount, quantileLevels, uncross } from '#lib/model/quantile-head.ts'
import { createContributions } from './contributions.ts'
import { defaultTreeSettings, fitTrees, type TreeSettings } from './fit-trees.ts'
import { restoreTrees, storeTrees } from './stored-trees.ts'
import { predictTrees, type TreeEnsemble } from './tree-ensemble.ts'

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
      const { ensemble, validationLosses } = await fitTrees(
        examples,
        columns,
        { ...settings, objective, seed },
        { validation, onProgress: (done) => onProgress(done, 2 * settings.rounds) },
      )
      const learning = { step: 'tree', kept: ensemble.roots.length, losses: validationLosses }
      return {
        forecaster: createForecaster(ensemble),
        learning,
        async refit(all) {
          const again = { ...settings, objective, seed, rounds: learning.kept }
          const { ensemble } = await fitTrees({ vectors: all.vectors, targets: targetsOf(all) }, columns, again, {
            onProgress: (done) => onProgress(settings.rounds + done, 2 * settings.rounds),
          })
          return createForecaster(ensemble)
        },
      }
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
  forecast: (vectors) => uncross(predictTrees(ensemble, vectors)),
  explain: createContributions(ensemble, medianIndex),
  store: () => storeTrees(ensemble),
  dispose: () => {},
})

import { z } from 'zod'
import { aroundMedian, type Calibration, calibrate, calibrationSchema, fitCalibration } from '#lib/model/calibration/calibration.ts'
import { type Familiarity, familiaritySchema, fitFamiliarity, hasVaried, noveltyOf } from '#lib/model/calibration/familiarity.ts'
import { askHeads, type Heads } from '#lib/model/heads/heads.ts'
import {
  type Forecaster,
  type ForwardForecasts,
  type Learning,
  type ModelFamily,
  type StoredModel,
  type TrainingTask,
  targetsOf,
} from '#lib/model/model-family.ts'
import { type AskedRows, concatExamples, type Examples, type Forecasts, type PriceModel, sliceExamples } from '#lib/model/price-model.ts'
import { quantileCount } from '#lib/model/quantile-head.ts'
import { familyOf } from './families.ts'

/** A model of any family, with what makes its forecasts prices: calibrated, in dollars, and with a word on how familiar a row is. */
export type TrainedModel = Readonly<{
  kind: string
  /** Names of the numbers of its vectors. */
  columnNames: readonly string[]
  forecaster: Forecaster
  familiarity: Familiarity
  calibration: Calibration
  /** What it says of a listing's ask and of demand; null of a model that says nothing of these. */
  heads: Heads | null
}>

/** Blocks in time order, oldest first, each newer than the one before. */
export type TrainingBlocks = Readonly<{ fit: Examples; stopping: Examples; newest: Examples }>

export type Training = Readonly<{
  /**
   * Calibrated by forecasts of `stopping` and `newest` that were made without their prices (but to stop); then, where the family can,
   * fitted again on all three blocks: prices drift, and the newest sales say most. Of the calibration only the widths are then kept.
   */
  model: TrainedModel
  heldOut: TrainedModel
  /** The members of a stack, held out like it; they are disposed of with it. */
  members: readonly TrainedModel[]
  isRefitted: boolean
  learning: Learning | null
  /** What was said of sales before they were learnt from: what heads learn from. Null where nobody asked for it. */
  forward: ForwardForecast | null
}>

/** Calibrated, log price less level, rows × 5: of the newest rows of `fit`, from `from` on, and of `stopping` and `newest`. */
export type ForwardForecast = Readonly<{ from: number; fit: Float64Array; newer: Float64Array }>

type Task = Omit<TrainingTask, 'fit' | 'stopping'> & Readonly<{ wantsForward?: boolean }>

/** Start the tfjs runtime first, should the family need it. */
export async function trainModel(family: ModelFamily, { fit, stopping, newest }: TrainingBlocks, task: Task): Promise<Training> {
  const { model: heldOut, members, learning, refit, forward } = await fitHeldOut(family, { fit, stopping }, task)
  const { forecaster } = heldOut
  const newer = concatExamples([stopping, newest])
  const everything = concatExamples([fit, newer])
  const unseen = forecaster.forecast(newer.vectors)
  const calibration = fitCalibration(unseen, targetsOf(newer))
  const calibrated =
    refit === undefined ? { forecaster, calibration } : { forecaster: await refit(everything), calibration: aroundMedian(calibration) }
  return {
    model: { ...heldOut, ...calibrated, familiarity: fitFamiliarity(everything.vectors, task.columns) },
    heldOut,
    members,
    isRefitted: refit !== undefined,
    learning,
    forward: task.wantsForward ? spreadAs(calibration, forward ?? (await forwardOf(family, fit, task)), unseen) : null,
  }
}

/** As wide as the model that prices will be, and not moved: what it learnt of the level it learnt from later sales. */
function spreadAs(calibration: Calibration, { from, quantiles }: ForwardForecasts, unseen: Float64Array): ForwardForecast {
  const widths = aroundMedian(calibration)
  for (const forecasts of [quantiles, unseen]) calibrate(widths, forecasts)
  return { from, fit: quantiles, newer: unseen }
}

/** For a family that does not ask itself: it learns from the first half, and is asked about the second. */
async function forwardOf(family: ModelFamily, fit: Examples, task: Task): Promise<ForwardForecasts> {
  const from = Math.floor(fit.levels.length / 2)
  const stopFrom = Math.floor(from * 0.9)
  const [learnt, stopping] = [sliceExamples(fit, 0, stopFrom), sliceExamples(fit, stopFrom, from)]
  const { forecaster } = await family.fit({ ...task, fit: learnt, stopping, onProgress: undefined })
  const quantiles = forecaster.forecast(sliceExamples(fit, from, fit.levels.length).vectors)
  forecaster.dispose()
  return { from, quantiles }
}

/** Fitted on `fit` and calibrated on `stopping` alone, so that newer sales can be asked how good it is. */
export async function fitHeldOut(family: ModelFamily, { fit, stopping }: Pick<TrainingBlocks, 'fit' | 'stopping'>, task: Task) {
  const { forecaster, learning, refit, forward, members = [] } = await family.fit({ ...task, fit, stopping })
  const familiarity = fitFamiliarity(concatExamples([fit, stopping]).vectors, task.columns)
  const columnNames = task.columns.map(({ name }) => name)
  const calibrated = (kind: string, forecaster: Forecaster): TrainedModel => ({
    kind,
    columnNames,
    forecaster,
    familiarity,
    calibration: fitCalibration(forecaster.forecast(stopping.vectors), targetsOf(stopping)),
    heads: null,
  })
  return {
    model: calibrated(family.kind, forecaster),
    members: members.map(({ kind, forecaster }) => calibrated(kind, forecaster)),
    learning,
    refit,
    forward,
  }
}

/** `dispose` gives back the forecaster. */
export function openModel({ columnNames, forecaster, familiarity, calibration, heads }: TrainedModel): PriceModel {
  const { vectorWidth, explain, dispose } = forecaster
  const predict = (vectors: Float32Array, levels: Float64Array): Forecasts => {
    if (vectors.length !== levels.length * vectorWidth) {
      throw new RangeError(`expected ${levels.length} vectors of ${vectorWidth} numbers, found ${vectors.length} numbers`)
    }
    const quantiles = forecaster.forecast(vectors)
    calibrate(calibration, quantiles)
    for (let index = 0; index < quantiles.length; index++) {
      quantiles[index] = Math.exp((quantiles[index] as number) + (levels[Math.floor(index / quantileCount)] as number))
    }
    return { quantilesUsd: quantiles, novelty: noveltyOf(familiarity, vectors) }
  }
  const ask = heads === null ? null : (rows: Omit<AskedRows, 'columnNames'>) => askHeads(heads, { ...rows, columnNames })
  const learntColumns = new Set(columnNames.filter((_, place) => hasVaried(familiarity.columns[place] ?? null)))
  return { vectorWidth, columnNames, learntColumns, predict, ask, explain, dispose }
}

const definitionSchema = z.object({
  columnNames: z.array(z.string()),
  calibration: calibrationSchema,
  familiarity: familiaritySchema,
  forecaster: z.unknown(),
})

export function storeModel({ columnNames, forecaster, familiarity, calibration }: TrainedModel): StoredModel {
  const { definition, weights } = forecaster.store()
  return { definition: { columnNames, calibration, familiarity, forecaster: definition }, weights }
}

/** Throws a plain Error that says what does not fit; the bundle's reader adds which bundle. */
export function restoreModel(kind: string, { definition, weights }: StoredModel): TrainedModel {
  const family = familyOf(kind)
  if (family === undefined) throw new Error(`this version knows no models of kind ${kind}`)
  const { columnNames, calibration, familiarity, forecaster } = definitionSchema.parse(definition)
  const restored = family.restore({ definition: forecaster, weights })
  for (const { length } of [familiarity.columns, columnNames]) {
    if (length !== restored.vectorWidth) throw new Error(`the model takes ${restored.vectorWidth} numbers, its definition has ${length}`)
  }
  return { kind, columnNames, forecaster: restored, familiarity, calibration, heads: null }
}

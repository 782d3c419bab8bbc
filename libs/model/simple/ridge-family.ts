import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { z } from 'zod'
import { encodeRows, fitInputEncoding, type InputEncoding, inputEncodingSchema } from '#lib/model/input-encoding.ts'
import { type Forecaster, type ModelFamily, type StoredModel, targetsOf } from '#lib/model/model-family.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { fitResidualQuantiles, spreadOut } from './residual-quantiles.ts'

type Settings = Readonly<{
  /** So many of the inputs that go most with the price enter as squares and products too. */
  crossedInputs: number
  /** Penalties to choose from, by the error on the stopping rows. */
  penalties: readonly number[]
  /** At most this many of the newest training rows: the work grows with their number. */
  mostRows: number
}>

const usualSettings: Settings = { crossedInputs: 12, penalties: [10, 100, 1_000], mostRows: 30_000 }

/**
 * Polynomial ridge regression on the network's inputs: anchor + linear terms + squares and products of the strongest numbers, with a
 * penalty on every weight but the constant. What is straight in the data, in the plainest model there is.
 */
export function createRidgeFamily(changed: Partial<Settings> = {}): ModelFamily {
  const settings = { ...usualSettings, ...changed }
  return {
    kind: 'ridge',
    settings,
    async fit({ columns, anchor, fit, stopping, onProgress = () => {} }) {
      const newest = Math.max(0, fit.levels.length - settings.mostRows)
      const encoding = fitInputEncoding(fit.vectors, columns, anchor)
      const rows = linearRows(encoding, fit, newest)
      const crossed = strongestInputs(rows, settings.crossedInputs)
      const equations = normalEquations(rows, crossed)
      const candidates = settings.penalties.map((penalty, index) => {
        const weights = solve(equations, penalty)
        onProgress(index + 1, settings.penalties.length)
        const forecasts = forecastRows({ encoding, crossed, weights }, stopping.vectors)
        const targets = targetsOf(stopping)
        return { weights, forecasts, error: targets.reduce((sum, target, row) => sum + Math.abs(target - (forecasts[row] as number)), 0) }
      })
      const best = candidates.reduce((kept, candidate) => (candidate.error < kept.error ? candidate : kept))
      const residualQuantiles = fitResidualQuantiles(best.forecasts, targetsOf(stopping))
      return { forecaster: createForecaster({ encoding, crossed, residualQuantiles, weights: best.weights }), learning: null }
    },
    restore: (stored) => createForecaster(restoreRidge(stored)),
  }
}

const definitionSchema = z.object({
  encoding: inputEncodingSchema,
  crossed: z.array(z.number().int().nonnegative()),
  residualQuantiles: z.array(z.number()).length(5),
})

/** weights: of the constant, of each input, of each product in the order of `addTerms`. */
type Ridge = Readonly<{ encoding: InputEncoding; crossed: readonly number[]; weights: Float64Array }>

type LinearRows = Readonly<{ inputs: Float32Array; width: number; targets: Float64Array }>

/** Targets less the anchor, since that is what inputs are relative to. */
function linearRows(encoding: InputEncoding, examples: Examples, from: number): LinearRows {
  const { inputs, anchors } = encodeRows(encoding, examples.vectors.subarray(from * encoding.vectorWidth))
  const targets = targetsOf(examples)
    .subarray(from)
    .map((target, row) => target - (anchors[row] as number))
  return { inputs, width: encoding.inputWidth, targets }
}

/** Inputs by the size of their covariance with the target; inputs have about the same spread. */
function strongestInputs({ inputs, width, targets }: LinearRows, count: number): number[] {
  const sums = new Float64Array(width)
  targets.forEach((target, row) => {
    for (let input = 0; input < width; input++) sums[input] = (sums[input] as number) + target * (inputs[row * width + input] as number)
  })
  const order = Array.from(sums.keys()).sort((a, b) => Math.abs(sums[b] as number) - Math.abs(sums[a] as number) || a - b)
  return order.slice(0, count).sort((a, b) => a - b)
}

const termCount = (width: number, crossed: number): number => 1 + width + (crossed * (crossed + 1)) / 2

/** Calls with the place and value of every term of a row that is not 0: most inputs of categories are. */
function addTerms(
  inputs: Float32Array,
  at: number,
  width: number,
  crossed: readonly number[],
  add: (term: number, value: number) => void,
): void {
  add(0, 1)
  for (let input = 0; input < width; input++) {
    const value = inputs[at + input] as number
    if (value !== 0) add(1 + input, value)
  }
  let term = 1 + width
  for (let first = 0; first < crossed.length; first++) {
    for (let second = first; second < crossed.length; second++, term++) {
      const value = (inputs[at + (crossed[first] as number)] as number) * (inputs[at + (crossed[second] as number)] as number)
      if (value !== 0) add(term, value)
    }
  }
}

type Equations = Readonly<{ terms: number; products: Float64Array; moments: Float64Array }>

/** Sums over rows of products of terms (the lower triangle), and of terms and target. */
function normalEquations({ inputs, width, targets }: LinearRows, crossed: readonly number[]): Equations {
  const terms = termCount(width, crossed.length)
  const products = new Float64Array(terms * terms)
  const moments = new Float64Array(terms)
  const [places, values] = [new Int32Array(terms), new Float64Array(terms)]
  for (let row = 0; row < targets.length; row++) {
    let found = 0
    addTerms(inputs, row * width, width, crossed, (term, value) => {
      places[found] = term
      values[found++] = value
    })
    for (let a = 0; a < found; a++) {
      const [place, value] = [places[a] as number, values[a] as number]
      const line = place * terms
      for (let b = 0; b <= a; b++) {
        const at = line + (places[b] as number)
        products[at] = (products[at] as number) + value * (values[b] as number)
      }
      moments[place] = (moments[place] as number) + value * (targets[row] as number)
    }
  }
  return { terms, products, moments }
}

function solve({ terms, products, moments }: Equations, penalty: number): Float64Array {
  const matrix = new Matrix(terms, terms)
  for (let row = 0; row < terms; row++) {
    for (let column = 0; column <= row; column++) {
      const value = (products[row * terms + column] as number) + (row === column && row > 0 ? penalty : 0)
      matrix.set(row, column, value)
      matrix.set(column, row, value)
    }
  }
  return Float64Array.from(new CholeskyDecomposition(matrix).solve(Matrix.columnVector(moments)).getColumn(0))
}

function forecastRows({ encoding, crossed, weights }: Ridge, vectors: Float32Array): Float64Array {
  const { inputs, anchors } = encodeRows(encoding, vectors)
  return anchors.map((anchor, row) => {
    let sum = anchor
    addTerms(inputs, row * encoding.inputWidth, encoding.inputWidth, crossed, (term, value) => {
      sum += value * (weights[term] as number)
    })
    return sum
  })
}

const createForecaster = ({ residualQuantiles, ...ridge }: Ridge & Readonly<{ residualQuantiles: readonly number[] }>): Forecaster => ({
  vectorWidth: ridge.encoding.vectorWidth,
  forecast: (vectors) => spreadOut(forecastRows(ridge, vectors), residualQuantiles),
  explain: null,
  store: () => ({
    definition: { encoding: ridge.encoding, crossed: ridge.crossed, residualQuantiles },
    weights: Buffer.from(ridge.weights.buffer, ridge.weights.byteOffset, ridge.weights.byteLength),
  }),
  dispose: () => {},
})

function restoreRidge({ definition, weights: bytes }: StoredModel): Ridge & Readonly<{ residualQuantiles: readonly number[] }> {
  const { encoding, crossed, residualQuantiles } = definitionSchema.parse(definition)
  const expected = 8 * termCount(encoding.inputWidth, crossed.length)
  if (bytes.length !== expected) throw new Error(`expected ${expected} bytes of weights, found ${bytes.length}`)
  const weights = new Float64Array(new Uint8Array(bytes).buffer)
  if (!weights.every(Number.isFinite)) throw new Error('the weights hold a number that is not finite')
  return { encoding, crossed, weights, residualQuantiles }
}

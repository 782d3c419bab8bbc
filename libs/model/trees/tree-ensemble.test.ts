import { beforeAll, describe, expect, test } from 'vitest'
import { defaultTreeSettings, fitTrees } from './fit-trees.ts'
import { restoreTrees, type StoredTrees, storeTrees } from './stored-trees.ts'
import { toyColumns, toys } from './testing/toy-samples.ts'
import { predictTrees, type TreeEnsemble } from './tree-ensemble.ts'

const rows = toys(1_500, 1)
const width = toyColumns.length
let ensemble: TreeEnsemble

beforeAll(async () => {
  const objective = { kind: 'quantiles', levels: [0.25, 0.5, 0.75] } as const
  ensemble = (await fitTrees(rows, toyColumns, { ...defaultTreeSettings, objective, rounds: 30, fewestRowsInGroup: 50 })).ensemble
})

describe('a tree ensemble', { timeout: 60_000 }, () => {
  test('forecasts a row the same, to the bit, alone and among others', () => {
    const together = predictTrees(ensemble, rows.vectors)
    for (const row of [0, 1, 700, 1_499]) {
      const alone = predictTrees(ensemble, rows.vectors.subarray(row * width, (row + 1) * width))
      expect([...alone]).toEqual([...together.subarray(row * 3, row * 3 + 3)])
    }
  })

  test('is the same after it was stored and restored', () => {
    const { definition, weights } = storeTrees(ensemble)
    const restored = restoreTrees({ definition: JSON.parse(JSON.stringify(definition)), weights: Buffer.from(weights) })
    expect(restored).toEqual(ensemble)
    expect(predictTrees(restored, rows.vectors)).toEqual(predictTrees(ensemble, rows.vectors))
  })
})

describe('damaged trees are refused', { timeout: 60_000 }, () => {
  const damage = (change: (numbers: Int32Array, trees: number) => void): StoredTrees => {
    const { definition, weights } = storeTrees(ensemble)
    change(new Int32Array(weights.buffer, weights.byteOffset, weights.length / 4), ensemble.roots.length)
    return { definition, weights }
  }

  test('cut short', () => {
    const { definition, weights } = storeTrees(ensemble)
    expect(() => restoreTrees({ definition, weights: weights.subarray(4) })).toThrow(/expected \d+ bytes of trees, found \d+/)
  })

  test('a walk that would never end', () => {
    const looping = damage((numbers, trees) => {
      numbers[trees + 2] = 0
    })
    expect(() => restoreTrees(looping)).toThrow('the fork at 0 has a child that is not there')
  })

  test('a leaf, a column or a set that is not there', () => {
    const at = (offset: number, value: number) =>
      damage((numbers, trees) => {
        numbers[trees + offset] = value
      })
    expect(() => restoreTrees(at(3, -1_000_000))).toThrow('a child that is not there')
    expect(() => restoreTrees(at(0, 2 * width))).toThrow('reads what no vector has')
    expect(() => restoreTrees(at(0, -1))).toThrow('reads what no vector has')
  })

  test('no numbers', () => {
    const { definition, weights } = storeTrees(ensemble)
    weights.writeFloatLE(Number.NaN, weights.length - 4 * ensemble.leafRows.length - 4)
    expect(() => restoreTrees({ definition, weights })).toThrow('not finite')
  })
})

import { expect, test } from 'vitest'
import { defineFeatureSet, type Feature } from '#lib/features/feature-set.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { profileRows } from '#lib/validation/profile.ts'
import { sampleRows } from '#lib/validation/testing/sale-row-samples.ts'
import { driftedFeatures, featureColumns } from './feature-drift.ts'
import type { Unseen } from './unseen.ts'

const feature = (name: string): Feature => ({ name, kind: 'number', description: name, source: name, read: () => 0 })
const featureSet = defineFeatureSet({
  name: 'toy',
  measureSet: 'm',
  level: 'l',
  levelOf: () => null,
  anchor: 'steady',
  features: ['steady', 'moved', 'price'].map(feature),
})

function newest(seed: number, moved: number): Unseen {
  const random = createRandom(seed)
  const [rows, shifts] = [600, [0, moved, 0]]
  const vectors = Float32Array.from({ length: rows * 3 }, (_, index) => random.normal() + (shifts[index % 3] as number))
  const levels = new Float64Array(rows)
  return { featureSet, examples: { vectors, levels, logPrices: levels }, times: levels, model: null as never }
}

test('a feature that moved since the last accepted data set is named, and no other', () => {
  const accepted = profileRows(sampleRows(400), featureColumns(newest(1, 0)))
  expect(driftedFeatures(newest(2, 0), accepted)).toEqual([])
  const drifted = driftedFeatures(newest(3, 2), accepted)
  expect(drifted.map(({ feature: name }) => name)).toEqual(['moved'])
  expect(drifted[0]?.psi).toBeGreaterThan(1)
})

test('features that were not there before say nothing', () => {
  expect(driftedFeatures(newest(1, 5), profileRows(sampleRows(400)))).toEqual([])
})

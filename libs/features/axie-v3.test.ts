import { expect, test } from 'vitest'
import { measureDefinitions, measureSet } from '#lib/market/measures/measures.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { ProfileAttributes } from '#schemas/types.ts'
import { axieResidualFeatures } from './axie-v2.ts'
import { axieAttributeFeatures } from './axie-v3.ts'
import { vectorOf } from './feature-set.ts'
import { featureSets } from './feature-sets.ts'
import { itemVector, itemVectorOf, plainItemVector } from './item-vector.ts'

const plain: ProfileAttributes = {
  title: '',
  bodyShape: 'Normal',
  level: 1,
  onchainLevel: 1,
  isBanned: false,
  evolvedParts: 0,
  nightmareParts: 0,
  mystic: 0,
  japanese: 0,
  xmas: 0,
  summer: 0,
  unknownParts: 0,
}
const { listing } = sampleScored
const context = { ...listing.context, measureSet, measures: measureDefinitions.map((_, place) => place / 10) }
const vectorWith = (attributes: ProfileAttributes | null): number[] => [
  ...vectorOf(axieAttributeFeatures, { item: { ...listing.item, attributes }, context }),
]
const attributesIn = (attributes: ProfileAttributes | null): number[] => vectorWith(attributes).slice(axieResidualFeatures.features.length)

test('a set keeps its hash once models have read it', () => {
  expect(Object.fromEntries(featureSets.map(({ name, hash }) => [name, hash]))).toMatchObject({
    'axie-v1': 'e7766b183da5150065ad1ebe79c2a1c2e68a4e1fcba719eab5853a44f84128e5',
    'axie-v2': '164f54dde0e11e54c45f1f0c4afc45907e51d81117207cd014aba5fe1f4567d0',
    'axie-v3': '0c0ec118d12799d592bb8b94fa4834bd7434234ce8a88afee5c373cfb7c0389c',
  })
  expect(plainItemVector.hash).toBe('b2a7565277e17046349deb7fd6d383cae04d7160a2630af5acf9b269423b1305')
  expect(itemVectorOf(plainItemVector.hash)).toBe(plainItemVector)
  expect(itemVectorOf(itemVector.hash)).toBe(itemVector)
})

test('is axie-v2 with title, level, forms and ban behind', () => {
  expect(vectorWith(plain).slice(0, axieResidualFeatures.features.length)).toEqual([
    ...vectorOf(axieResidualFeatures, { item: { ...listing.item, attributes: null }, context }),
  ])
  expect(attributesIn(plain)).toEqual([0, 1, 0, 0, 0, 0])
  const origin = {
    ...plain,
    title: 'origin',
    level: 3,
    onchainLevel: 20,
    isBanned: true,
    evolvedParts: 2,
    nightmareParts: 1,
    unknownParts: 1,
  }
  expect(attributesIn(origin)).toEqual([1, 20, 2, 1, 1, 1])
})

test('unknown counts as plain, but for a level that nobody told', () => {
  expect(attributesIn(null)).toEqual([0, Number.NaN, 0, 0, 0, 0])
  expect(attributesIn({ ...plain, title: null, level: null, onchainLevel: null, isBanned: null })).toEqual([0, Number.NaN, 0, 0, 0, 0])
})

test('no feature reads what stands beside: bids, accessories, the floor of a collection, how the axie was when it was sold last', () => {
  const own = { usd: 12, soldAt: 0, breedCount: 0, relative: null }
  const beside = {
    item: { ...listing.item, attributes: { ...plain, accessories: [{ name: 'Straw Hat', rarity: 'Rare' }] } },
    context: { ...context, collection: { name: 'origin', floorUsd: 80, asks: 4 }, ownLastSale: { ...own, level: 3, evolvedParts: 1 } },
    bids: { count: 3, usd: 60, token: 'ETH', amount: 0.02 },
  }
  const without = { item: { ...listing.item, attributes: plain }, context: { ...context, ownLastSale: own } }
  for (const featureSet of featureSets) expect([...vectorOf(featureSet, beside)]).toEqual([...vectorOf(featureSet, without)])
})

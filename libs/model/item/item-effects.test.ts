import { beforeAll, describe, expect, test } from 'vitest'
import { createLeaderboard } from '#lib/axie/combo-score.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { itemVector } from '#lib/features/item-vector.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { ItemProfile } from '#schemas/types.ts'
import {
  defaultItemEffectSettings,
  eraStarts,
  fitItemEffects,
  type ItemEffects,
  restoreItemEffects,
  storeItemEffects,
} from './item-effects.ts'

const day = 86_400_000
const parts = ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam']
const profile = (breedCount: number): ItemProfile =>
  profileOf({ tokenId: '7', class: 'plant', breedCount, genes: null, parts, image: null })
const settings = { ...defaultItemEffectSettings, trees: { ...defaultItemEffectSettings.trees, rounds: 40, learningRate: 0.2 } }

const otherHorn = parts.map((part) => (part === 'horn-rose-bud' ? 'horn-cactus' : part))
const withParts = (own: readonly string[]): ItemProfile =>
  profileOf({ tokenId: '8', class: 'plant', breedCount: 1, genes: null, parts: own, image: null })
const leaderboardOf = (own: readonly string[], knownFrom: number) => {
  const axies = [{ tokenId: '1', rank: 1, class: 'Plant', parts: own }]
  return { knownFrom, axies, combos: createLeaderboard(axies) }
}

/** Axies whose battle parts win fetch more; on the fourth day other parts begin to win. */
function salesByLeaderboard(count: number) {
  const random = createRandom(2)
  const leaderboards = [leaderboardOf(parts, 0), leaderboardOf(otherHorn, 4 * day)]
  const vectors = new Float32Array(count * itemVector.columns.length)
  const times = Float64Array.from({ length: count }, (_, row) => Math.floor((row * 8 * day) / count))
  const relatives = times.map((time, row) => {
    const own = withParts(random.uniform() < 0.5 ? parts : otherHorn)
    const combo = leaderboards.findLast(({ knownFrom }) => knownFrom <= time)?.combos.comboOf(own) ?? null
    itemVector.write(own, combo, vectors, row * itemVector.columns.length)
    return 0.5 * (combo?.quad ?? 0) + 0.02 * random.normal()
  })
  return { vector: itemVector, vectors, relatives, times, leaderboards }
}

/** A breed takes off a tenth; from the third day on, three tenths. */
function someSales(count: number, days: number) {
  const random = createRandom(1)
  const vectors = new Float32Array(count * itemVector.columns.length)
  const times = Float64Array.from({ length: count }, (_, row) => Math.floor((row * days * day) / count))
  const relatives = times.map((time, row) => {
    const breedCount = Math.floor(random.uniform() * 5)
    itemVector.write(profile(breedCount), null, vectors, row * itemVector.columns.length)
    return -(time < 2 * day ? 0.1 : 0.3) * breedCount + 0.02 * random.normal()
  })
  return { vector: itemVector, vectors, relatives, times, leaderboards: [] }
}

let effects: ItemEffects

beforeAll(async () => {
  effects = (await fitItemEffects(someSales(4_000, 8), settings, 1)) as ItemEffects
})

describe('the item model', () => {
  test('begins an era each day, and the last one right after the last sale', () => {
    const times = Float64Array.from({ length: 4_000 }, (_, row) => (row * 8 * day) / 4_000)
    expect(eraStarts(times, settings)).toEqual([1, 2, 3, 4, 5, 6, 7].map((count) => count * day).concat((times.at(-1) as number) + 1))
  })

  test('divides a short span, and begins no era before there is something to learn from', () => {
    const times = Float64Array.from({ length: 1_200 }, (_, row) => row * 1_000)
    const starts = eraStarts(times, settings)
    expect(starts).toHaveLength(6)
    expect(times.filter((time) => time < (starts[0] as number)).length).toBeGreaterThanOrEqual(settings.fewestSales)
    expect(eraStarts(times.subarray(0, 150), settings)).toEqual([])
    expect(eraStarts(new Float64Array(500).fill(7), settings)).toEqual([8])
  })

  test('knows in each era what was to be learnt before it, and nothing later', () => {
    const perBreed = (at: number): number => effects.effectOf(profile(4), at) - effects.effectOf(profile(0), at)
    expect(effects.effectOf(profile(0), day - 1)).toBeNaN()
    expect(perBreed(day)).toBeCloseTo(-0.4, 1)
    expect(perBreed(2.9 * day)).toBeCloseTo(-0.4, 1)
    expect(perBreed(30 * day)).toBeLessThan(-1)
  })

  test('remembers what it answered, and answers as if it did not', () => {
    const fresh = (): ItemEffects => restoreItemEffects(storeItemEffects(effects))
    const asked = [0, 4, 4, 0, 4].flatMap((breedCount) => [3, 9, 3].map((at) => [profile(breedCount), at * day] as const))
    const remembering = fresh()
    for (const [one, at] of asked) expect(remembering.effectOf(one, at)).toBe(fresh().effectOf(one, at))
    const alike = { ...profile(4), tokenId: '8', stats: { ...profile(4).stats, hp: 61 } }
    expect(remembering.effectOf(alike, 9 * day)).toBe(fresh().effectOf(alike, 9 * day))
  })

  test('a change of later sales changes no earlier era', async () => {
    const sales = someSales(4_000, 8)
    const changed = { ...sales, relatives: sales.relatives.map((relative, row) => (row < 3_000 ? relative : 5)) }
    const other = (await fitItemEffects(changed, settings, 1)) as ItemEffects
    const at = (model: ItemEffects, time: number): number => model.effectOf(profile(2), time)
    expect(at(other, 6 * day)).toBe(at(effects, 6 * day))
    expect(at(other, 9 * day)).not.toBe(at(effects, 9 * day))
  })

  test('comes back from its bytes as it was; what was cut or put out of order is refused', () => {
    const stored = storeItemEffects(effects)
    const restored = restoreItemEffects({ ...stored, definition: JSON.parse(JSON.stringify(stored.definition)) })
    for (const at of [1, 3, 9]) expect(restored.effectOf(profile(3), at * day)).toBe(effects.effectOf(profile(3), at * day))
    const definition = stored.definition as { eras: { from: number }[] }
    const eras = definition.eras.map((era) => ({ ...era, from: -era.from }))
    expect(() => restoreItemEffects({ ...stored, weights: stored.weights.subarray(4) })).toThrow(/expected \d+ bytes of item model/)
    expect(() => restoreItemEffects({ ...stored, definition: { ...definition, eras } })).toThrow('not in order')
    expect(() => restoreItemEffects({ ...stored, definition: { ...definition, itemVector: 'other' } })).toThrow('itemVector')
  })

  test('reads the leaderboard that was known when an era began, also when it comes back from its bytes', async () => {
    const effects = (await fitItemEffects(salesByLeaderboard(4_000), settings, 1)) as ItemEffects
    const stored = storeItemEffects(effects)
    const restored = restoreItemEffects({ ...stored, definition: JSON.parse(JSON.stringify(stored.definition)) })
    const winsBy = (model: ItemEffects, at: number): number =>
      model.effectOf(withParts(parts), at) - model.effectOf(withParts(otherHorn), at)
    for (const model of [effects, restored]) {
      expect(winsBy(model, 2.5 * day)).toBeCloseTo(0.5, 1)
      expect(winsBy(model, 4.5 * day)).toBeCloseTo(0.5, 1)
      expect(winsBy(model, 30 * day)).toBeCloseTo(-0.5, 1)
    }
    expect(restored.eras.map(({ leaderboard }) => leaderboard?.knownFrom)).toEqual(
      effects.eras.map(({ leaderboard }) => leaderboard?.knownFrom),
    )
    expect(new Set(restored.eras.map(({ leaderboard }) => leaderboard)).size).toBe(2)
  })

  test('cannot be made of too few sales', async () => {
    expect(await fitItemEffects(someSales(150, 1), settings, 1)).toBeNull()
  })
})

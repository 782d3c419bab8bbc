import { z } from 'zod'
import { createLeaderboard, type Leaderboard } from '#lib/axie/combo-score.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { type ItemVector, itemVectorOf } from '#lib/features/item-vector.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import type { StoredModel } from '#lib/model/model-family.ts'
import { defaultTreeSettings, fitTrees, type TreeSettings } from '#lib/model/trees/fit-trees.ts'
import { restoreTrees, storeTrees } from '#lib/model/trees/stored-trees.ts'
import { predictTrees, type TreeEnsemble } from '#lib/model/trees/tree-ensemble.ts'
import type { ItemProfile, LeaderboardAxie } from '#schemas/types.ts'

/**
 * The item model: boosted trees over what an axie is, of what it fetched beside the market's level. One ensemble an era, each fitted on
 * the sales before its era only, so that no sale is read by trees that learnt from it: neither in training, nor in the history that a
 * pipeline folds when it begins. The last era has no end.
 *
 * An era keeps the leaderboard that was known when it began, instead of asking the market for the newest: what a sale says is then a
 * function of the sale and the model alone, and the fold need not remember leaderboards for longer than sales.
 */
export type ItemEffects = ItemModel & Readonly<{ vector: ItemVector; eras: readonly Era[] }>

/** `from`: the time of the first sale that these trees read, milliseconds. */
type Era = Readonly<{ from: number; trees: TreeEnsemble; leaderboard: KnownLeaderboard | null }>

export type KnownLeaderboard = Readonly<{
  /** Milliseconds. */
  knownFrom: number
  axies: readonly LeaderboardAxie[]
  combos: Leaderboard
}>

/** Sales to learn from, in the order of time. */
export type ItemSales = Readonly<{
  vector: ItemVector
  /** sales × vector.columns.length */
  vectors: Float32Array
  /** Log price less the market's level just before. */
  relatives: Float64Array
  /** Milliseconds. */
  times: Float64Array
  /** In the order of time. */
  leaderboards: readonly KnownLeaderboard[]
}>

export type ItemEffectSettings = Readonly<{
  trees: Omit<TreeSettings, 'objective' | 'seed' | 'patience'>
  /** An era begins each day; where sales span less than this many days, that many eras share the span. */
  fewestEras: number
  /** No era begins before there are this many sales to learn from. */
  fewestSales: number
  /** The newest sales before an era that its trees are fitted on, at most. */
  mostSales: number
  /** A sale counts half as much as one this many days younger. */
  halfLifeDays: number
}>

export const defaultItemEffectSettings: ItemEffectSettings = {
  trees: { ...defaultTreeSettings, rounds: 400, learningRate: 0.05, mostLeaves: 63, columnShare: 0.5 },
  fewestEras: 6,
  fewestSales: 200,
  mostSales: 100_000,
  halfLifeDays: 5,
}

/** Where eras begin: at midnight (UTC) of each day, or more often in a short span; the last one right after the last sale. */
export function eraStarts(times: Float64Array, { fewestEras, fewestSales }: ItemEffectSettings): number[] {
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0]
  const spacing = Math.min(dayMillis, (last - first) / fewestEras)
  const starts: number[] = []
  const anchor = spacing === dayMillis ? Math.floor(first / dayMillis) * dayMillis : first
  for (let count = 1; spacing > 0 && anchor + count * spacing < last; count++) starts.push(anchor + count * spacing)
  return [...starts, last + 1].filter((start) => countBefore(times, start) >= fewestSales)
}

const countBefore = (times: Float64Array, time: number): number => {
  const count = times.findIndex((soldAt) => soldAt >= time)
  return count < 0 ? times.length : count
}

/** Null where there are too few sales for even one era. */
export async function fitItemEffects(
  { vector, vectors, relatives, times, leaderboards }: ItemSales,
  settings: ItemEffectSettings,
  seed: number,
  onProgress: (done: number, most: number) => void = () => {},
): Promise<ItemEffects | null> {
  const width = vector.columns.length
  const starts = eraStarts(times, settings)
  const eras: Era[] = []
  const { rounds } = settings.trees
  for (const [index, from] of starts.entries()) {
    const until = countBefore(times, from)
    const since = Math.max(0, until - settings.mostSales)
    const examples = {
      vectors: vectors.subarray(since * width, until * width),
      targets: relatives.subarray(since, until),
      weights: weightsAt(from, times.subarray(since, until), settings),
    }
    const objective = { kind: 'quantiles', levels: [0.5] } as const
    const { ensemble } = await fitTrees(
      examples,
      vector.columns,
      { ...settings.trees, objective, seed, patience: rounds },
      { onProgress: (done) => onProgress(index * rounds + done, starts.length * rounds) },
    )
    eras.push({ from, trees: ensemble, leaderboard: leaderboards.findLast(({ knownFrom }) => knownFrom < from) ?? null })
  }
  return eras.length === 0 ? null : createItemEffects(vector, eras)
}

/** By age; their mean is 1, so that settings that count rows mean rows. */
function weightsAt(from: number, times: Float64Array, { halfLifeDays }: ItemEffectSettings): Float32Array {
  const weights = Float64Array.from(times, (time) => 2 ** ((time - from) / (halfLifeDays * dayMillis)))
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
  return Float32Array.from(weights, (weight) => weight / mean)
}

/** What was asked about one axie last. */
type Answer = Readonly<{ era: Era; vector: Float32Array; effect: number }>

/** Answers that are kept: a few megabytes. */
const maxAnswers = 10_000

export function createItemEffects(vector: ItemVector, eras: readonly Era[]): ItemEffects {
  const numbers = new Float32Array(vector.columns.length)
  /**
   * An axie that is listed is soon sold or listed again, as it was: its trees need not be walked twice. An answer is used only for the
   * very same vector and era, so it is what the trees would say. By axie, the one asked about longest ago first.
   */
  const answers = new Map<string, Answer>()

  function keep(tokenId: string, answer: Answer): void {
    answers.delete(tokenId)
    answers.set(tokenId, answer)
    if (answers.size > maxAnswers) answers.delete(answers.keys().next().value as string)
  }

  return {
    vector,
    eras,
    effectOf(profile: ItemProfile, at: number) {
      const era = eras.findLast(({ from }) => from <= at)
      if (era === undefined) return Number.NaN
      vector.write(profile, era.leaderboard?.combos.comboOf(profile) ?? null, numbers, 0)
      const known = answers.get(profile.tokenId)
      if (known !== undefined && known.era === era && areEqual(known.vector, numbers)) return known.effect
      const effect = predictTrees(era.trees, numbers)[0] as number
      keep(profile.tokenId, { era, vector: numbers.slice(), effect })
      return effect
    },
  }
}

function areEqual(one: Float32Array, other: Float32Array): boolean {
  for (let index = 0; index < one.length; index++) if (!Object.is(one[index], other[index])) return false
  return true
}

const byteCount = z.number().int().nonnegative()
const definitionSchema = z.object({
  itemVector: z.string(),
  eras: z
    .array(z.object({ from: z.number(), bytes: byteCount, trees: z.unknown(), leaderboard: z.number().int().nonnegative().nullable() }))
    .min(1),
  /** Behind the trees, as JSON. Eras name them by their place: most share one. */
  leaderboards: z.array(z.object({ knownFrom: z.number(), bytes: byteCount })),
})
const leaderboardSchema = z.array(z.object({ tokenId: z.string(), rank: z.number(), class: z.string(), parts: z.array(z.string()) }))

export function storeItemEffects({ vector, eras }: ItemEffects): StoredModel {
  const trees = eras.map(({ trees }) => storeTrees(trees))
  const leaderboards = [...new Set(eras.flatMap(({ leaderboard }) => leaderboard ?? []))]
  const boards = leaderboards.map(({ axies }) => Buffer.from(JSON.stringify(axies)))
  const definition: z.infer<typeof definitionSchema> = {
    itemVector: vector.hash,
    eras: eras.map(({ from, leaderboard }, index) => {
      const { definition, weights } = trees[index] as StoredModel
      return {
        from,
        bytes: weights.length,
        trees: definition,
        leaderboard: leaderboard === null ? null : leaderboards.indexOf(leaderboard),
      }
    }),
    leaderboards: leaderboards.map(({ knownFrom }, index) => ({ knownFrom, bytes: (boards[index] as Buffer).length })),
  }
  return { definition, weights: Buffer.concat([...trees.map(({ weights }) => weights), ...boards]) }
}

/** Throws a plain Error that says what does not fit; the bundle's reader adds which bundle. */
export function restoreItemEffects({ definition, weights }: StoredModel): ItemEffects {
  const { itemVector, eras, leaderboards } = definitionSchema.parse(definition)
  const vector = itemVectorOf(itemVector)
  if (vector === undefined) throw new Error(`this version has no itemVector ${itemVector}`)
  const expected = [...eras, ...leaderboards].reduce((sum, { bytes }) => sum + bytes, 0)
  if (weights.length !== expected) throw new Error(`expected ${expected} bytes of item model, found ${weights.length}`)
  let at = 0
  const take = (bytes: number): Buffer => {
    at += bytes
    return weights.subarray(at - bytes, at)
  }
  const ensembles = eras.map(({ bytes, trees }) => restoreTrees({ definition: trees, weights: take(bytes) }))
  const boards = leaderboards.map(({ knownFrom, bytes }): KnownLeaderboard => {
    const axies = leaderboardSchema.parse(JSON.parse(take(bytes).toString()))
    return { knownFrom, axies, combos: createLeaderboard(axies) }
  })
  return createItemEffects(
    vector,
    eras.map(({ from, leaderboard }, index) => {
      if (index > 0 && from <= (eras[index - 1]?.from ?? 0)) throw new Error('the eras of the item model are not in order')
      const trees = ensembles[index] as TreeEnsemble
      if (trees.vectorWidth !== vector.columns.length || trees.start.length !== 1) throw new Error('the item model reads other vectors')
      const board = leaderboard === null ? null : boards[leaderboard]
      if (board === undefined) throw new Error(`the item model has no leaderboard ${leaderboard}`)
      return { from, trees, leaderboard: board }
    }),
  )
}

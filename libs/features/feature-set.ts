import { createHash } from 'node:crypto'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ItemProfile, MarketContext } from '#schemas/types.ts'

/**
 * What a forecast may know: the axie, and the market as it was just before. The listing's own ask is not part of it, because a fixed
 * price that sold is the very answer; nor are other asks and the seller's listings, which recorded sales do not have, so that training
 * could not learn from them.
 */
export type FeatureInput = Readonly<{ item: ItemProfile; context: KnownMarket }>

export type KnownMarket = Omit<MarketContext, 'similarAsks' | 'similarAskCount' | 'sellerListings'>

/** One number of the vector. */
export type Feature = Readonly<{
  name: string
  kind: InputColumn['kind']
  description: string
  /** Where it comes from, as a formula over the enriched listing. Part of the set's hash. */
  source: string
  /** Values of a category; the vector holds the place of one among them. Part of the set's hash. */
  values?: readonly string[]
  /** NaN where nothing is known. */
  read(input: FeatureInput): number
}>

export type FeatureSet = Readonly<{
  name: string
  /** sha256 of the definition, hexadecimal: equal hashes mean vectors that can be mixed. */
  hash: string
  /** Hash of the measures that `context.measures` must have for this set. */
  measureSet: string
  features: readonly Feature[]
  /** What `levelOf` answers, as a formula. Part of the set's hash. */
  level: string
  /**
   * The level of the market that forecasts are relative to: not an input, but what a forecast is added to. Log dollars; null where too
   * few sales are known.
   */
  levelOf(context: Pick<KnownMarket, 'measures'>): number | null
  /** Name of the relative price that says most by itself: where forecasts of a network start from. */
  anchor: string
  /** Writes one vector of `features.length` numbers into `vector` from `offset` on. */
  write(input: FeatureInput, vector: Float32Array, offset: number): void
}>

export function defineFeatureSet(definition: {
  name: string
  measureSet: string
  /** What `levelOf` answers, as a formula. Part of the set's hash. */
  level: string
  levelOf: FeatureSet['levelOf']
  anchor: string
  features: readonly Feature[]
}): FeatureSet {
  const { name, measureSet, level, levelOf, anchor, features } = definition
  const names = new Set(features.map((feature) => feature.name))
  if (names.size < features.length) throw new Error(`feature set ${name}: a name occurs twice`)
  if (!names.has(anchor)) throw new Error(`feature set ${name}: its anchor ${anchor} is no feature of it`)
  const readers = features.map(({ read }) => read)
  const hashed = {
    name,
    measureSet,
    level,
    anchor,
    features: features.map(({ name, kind, source, values }) => [name, kind, source, values ?? null]),
  }
  return {
    name,
    hash: createHash('sha256').update(JSON.stringify(hashed)).digest('hex'),
    measureSet,
    features,
    level,
    levelOf,
    anchor,
    write(input, vector, offset) {
      for (let index = 0; index < readers.length; index++) vector[offset + index] = (readers[index] as Feature['read'])(input)
    },
  }
}

export function vectorOf(set: FeatureSet, input: FeatureInput): Float32Array {
  const vector = new Float32Array(set.features.length)
  set.write(input, vector, 0)
  return vector
}

/** The features as the model's input encoding wants them. */
export const inputColumnsOf = ({ features }: FeatureSet): InputColumn[] =>
  features.map(({ name, kind, values }) => (values === undefined ? { name, kind } : { name, kind, size: values.length }))

/** A vector as a record carries it: float32, little endian. */
export const vectorToBytes = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)

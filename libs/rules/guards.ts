import { z } from 'zod'
import { hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import type { ScoredListing } from '#schemas/types.ts'
import type { Comparison } from './comparison.ts'

/**
 * What no rule may alert of, whatever it forecasts. All there is to a guard is its entry here: its limit in a rule set, what a set says that
 * was stored before it, why a listing is rejected, and the numbers that decide. Add one as
 *
 *     maximumSimilarAsks: guard({
 *       limit: z.exactOptional(z.int().min(0)),
 *       reason: 'crowded',
 *       words: 'many similar ones are for sale',
 *       wants: (limit, { listing }) => [
 *         { what: 'similar asks', value: listing.context.similarAsks.length, relation: '<=', limit, unit: 'count' },
 *       ],
 *     }),
 *
 * with an optional limit: presets and stored sets do not name it, keep their hashes, and judge as they did.
 */
type Guard<Limit extends z.ZodType, Reason extends string> = Readonly<{
  limit: Limit
  /** Guards that every set names only: what a set from before the guard is read to say, which lets everything through. */
  withoutLimit?: number
  /** Stands in metrics and records, and never changes. */
  reason: Reason
  /** The reason in words. */
  words: string
  /** All of them must hold; none where the guard has nothing against a listing of this kind. */
  wants(limit: number, scored: ScoredListing): readonly Comparison[]
}>

const guard = <Limit extends z.ZodType<number | undefined>, Reason extends string>(entry: Guard<Limit, Reason>) => entry

const unlimited = Number.MAX_SAFE_INTEGER
const dollars = z.number().min(0).max(1e9)
const absurdPrice = { reason: 'absurd_price', words: 'absurd price' } as const

/** In the order in which they decide. */
const table = {
  minimumAskUsd: guard({
    limit: dollars,
    withoutLimit: 0,
    ...absurdPrice,
    wants: (limit, { listing: { ask } }) => [{ what: 'ask', value: ask.usd, relation: '>=', limit, unit: 'usd' }],
  }),
  maximumAskUsd: guard({
    limit: dollars,
    withoutLimit: 1e9,
    ...absurdPrice,
    wants: (limit, { listing: { ask } }) => [
      { what: 'ask', value: ask.usd, relation: '<=', limit, unit: 'usd' },
      { what: 'ask', value: ask.eth, relation: '>', limit: 0, unit: 'eth' },
    ],
  }),
  maximumModelAgeHours: guard({
    limit: z.number().positive(),
    withoutLimit: unlimited,
    reason: 'model_too_old',
    words: 'model too old',
    wants: (limit, { listing: { observedAt }, modelTrainedUntil }) => [
      { what: 'age of the model', value: (observedAt - modelTrainedUntil) / hourMillis, relation: '<=', limit, unit: 'hours' },
    ],
  }),
  /** 1 = as far from the training data as its own outskirts. */
  maximumNovelty: guard({
    limit: z.number().positive(),
    withoutLimit: unlimited,
    reason: 'novel',
    words: 'unlike what the model knows',
    wants: (limit, { novelty }) => [{ what: 'novelty', value: novelty, relation: '<=', limit, unit: 'plain' }],
  }),
  /** For a fixed price. A Dutch ask may be old: its price has only now come down. */
  maximumListingAgeMinutes: guard({
    limit: z.number().positive(),
    withoutLimit: unlimited,
    reason: 'stale',
    words: 'seen too late',
    wants: (limit, { listing: { ask, observedAt } }) => {
      if (ask.kind !== 'fixed') return []
      return [{ what: 'age of the listing', value: (observedAt - ask.startedAt) / minuteMillis, relation: '<=', limit, unit: 'minutes' }]
    },
  }),
  /** Others by the same seller in the last hour. */
  maximumSellerListings: guard({
    limit: z.int().min(0),
    withoutLimit: unlimited,
    reason: 'bulk_seller',
    words: 'seller lists many',
    wants: (limit, { listing: { context } }) => [
      { what: 'other listings of the seller in the last hour', value: context.sellerListings, relation: '<=', limit, unit: 'count' },
    ],
  }),
}

type Table = typeof table
type GuardName = keyof Table
export type GuardReason = Table[GuardName]['reason']

const entries = Object.entries(table) as readonly (readonly [GuardName, Guard<z.ZodType, GuardReason>])[]

/** The limits as a rule set names them. */
export const guardsSchema = z.strictObject(
  Object.fromEntries(entries.map(([name, { limit }]) => [name, limit])) as { [Name in GuardName]: Table[Name]['limit'] },
)

export type Guards = Readonly<z.infer<typeof guardsSchema>>

/** What each guard of a stored set says where the set is older than the guard. */
export const withoutLimit: Readonly<Record<string, number>> = Object.fromEntries(
  entries.flatMap(([name, { withoutLimit }]) => (withoutLimit === undefined ? [] : [[name, withoutLimit]])),
)

export const guardWords = Object.fromEntries(entries.map(([, { reason, words }]) => [reason, words])) as Readonly<
  Record<GuardReason, string>
>

/** What the guards of a set want of a listing, in the order in which they decide, each with the reason to reject what does not hold. */
export function* guarded(
  limits: Guards,
  scored: ScoredListing,
): Generator<Readonly<{ reason: GuardReason; comparison: Comparison }>, void> {
  for (const [name, { reason, wants }] of entries) {
    const limit = limits[name]
    if (limit === undefined) continue
    for (const comparison of wants(limit, scored)) yield { reason, comparison }
  }
}

import type { LikenessKeys } from './sale-book.ts'

/** A priced listing, as much of it as a backtest remembers: whole records of a month would fill the memory. */
export type Candidate = Readonly<{
  listingId: string
  tokenId: string
  breedCount: number
  keys: LikenessKeys
  listedAt: number
  askUsd: number
  askWei: string
  class: string
  modelId: string
  /** 0.05, 0.25, 0.5, 0.75, 0.95: dollars. */
  quantilesUsd: readonly number[]
  /** The same of what it sells for next when bought at its ask; the forecast, where the model says no more than that. */
  exitQuantilesUsd: readonly number[]
  /** Median of the similar sales known at the listing (up to five); null below three. */
  similarUsd: number | null
  /** By the rules in force, then by each alternative. */
  verdicts: readonly Readonly<{ rules: readonly string[]; refusal: string | null }>[]
  /** Median forecast less fee less ask, of the alert. 0 where there is none. */
  promisedUsd: number
}>

/**
 * The level of the market: robust means of log price over spans of time, for the market and for groups in it, exact and free of drift.
 * Two readings of it: as known now (windows that end at the fold's clock), and as it stood when a sale happened (windows that end just
 * before it), which is what that sale's price is compared with for ever after.
 */
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { binOf, type OrderStatistics } from './order-statistics.ts'
import { createPriceTape } from './price-tape.ts'
import { createPriceWindow, type PriceWindow } from './price-window.ts'

export const levelSpans = { hours1: hourMillis, hours6: 6 * hourMillis, hours24: dayMillis, days7: 7 * dayMillis } as const
export type LevelSpan = keyof typeof levelSpans

const spanNames = Object.keys(levelSpans) as LevelSpan[]
/** A short window needs enough sales to be a level; the week takes what there is. */
const referenceRule = [
  { span: 'hours6', atLeast: 50 },
  { span: 'hours24', atLeast: 20 },
  { span: 'days7', atLeast: 1 },
] as const satisfies readonly { span: LevelSpan; atLeast: number }[]

/** The prices of one scope (the market, or a group of it) over each span. */
export type Levels = Readonly<Record<LevelSpan, OrderStatistics>>

/**
 * The shortest span with enough sales: over 6 hours if it holds 50, else over 24 if it holds 20, else over 7 days. Null without any.
 * Its midmean is the reference level, which relative prices are relative to.
 */
export function referenceOf(levels: Readonly<Partial<Levels>>): OrderStatistics | null {
  for (const { span, atLeast } of referenceRule) {
    const prices = levels[span]
    if (prices !== undefined && prices.count() >= atLeast) return prices
  }
  return null
}

export interface RollingLevels {
  /**
   * Takes a sale in, and answers the market's reference level (log dollars) as it stood just before: from sales of earlier times, known
   * by now. Null where there were none. Sales may arrive late; one that is more than an hour behind the newest is compared with the
   * level of an hour before that, so that windows need not be moved far.
   */
  add(sale: Readonly<{ soldAt: number; logPrice: number; group: number }>): number | null
  /** The levels of the market, and of a group, over spans that end at this time. Valid until the next call. */
  at(time: number, group: number): Readonly<{ market: Levels; group: Levels }>
  /** How many sales are known with a later time. */
  salesAfter(time: number): number
  /** Forgets sales up to and with that time. */
  dropUpTo(time: number): void
  /** Prices in memory. */
  size(): number
}

const windows = (spans: readonly LevelSpan[], make: () => PriceWindow): ReadonlyMap<LevelSpan, PriceWindow> =>
  new Map(spans.map((name) => [name, make()]))

/** @param groups how many: classes, or whatever else divides the market; each sale belongs to one */
export function createRollingLevels(groups: number): RollingLevels {
  const tape = createPriceTape()
  const known = windows(spanNames, () => createPriceWindow(tape, groups))
  const asSold = windows(
    referenceRule.map(({ span }) => span),
    () => createPriceWindow(tape, 0),
  )
  const all = [...known.values(), ...asSold.values()]
  let newestSale = Number.NEGATIVE_INFINITY

  const collect = (from: ReadonlyMap<LevelSpan, PriceWindow>, pick: (window: PriceWindow) => OrderStatistics): Levels =>
    Object.fromEntries([...from].map(([span, window]) => [span, pick(window)])) as Levels
  const levelsAsSold = collect(asSold, (window) => window.market())
  const marketKnown = collect(known, (window) => window.market())
  const groupsKnown = Array.from({ length: groups }, (_, number) => collect(known, (window) => window.group(number)))

  return {
    add({ soldAt, logPrice, group }) {
      newestSale = Math.max(newestSale, soldAt)
      const end = Math.max(soldAt, newestSale - hourMillis)
      for (const [span, window] of asSold) window.moveTo(end - levelSpans[span], end)
      const reference = referenceOf(levelsAsSold)?.midmean() ?? null
      const position = tape.insert(soldAt, binOf(logPrice), group)
      for (const window of all) window.inserted(position)
      return reference
    },
    at(time, group) {
      for (const [span, window] of known) window.moveTo(time - levelSpans[span], Number.POSITIVE_INFINITY)
      const ofGroup = groupsKnown[group]
      if (ofGroup === undefined) throw new RangeError(`expected the number of a group from 0 to ${groups - 1}, found ${group}`)
      return { market: marketKnown, group: ofGroup }
    },
    salesAfter: (time) => tape.countAfter(time),
    dropUpTo(time) {
      if (tape.first() === tape.end() || tape.time(tape.first()) > time) return
      const kept = tape.end() - tape.countAfter(time)
      for (const window of all) window.leaveBefore(kept)
      tape.dropUpTo(time)
    },
    size: () => tape.end() - tape.first(),
  }
}

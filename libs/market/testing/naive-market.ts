/**
 * The fold once more, for tests: a market's context computed from the list of its events, each definition written out plainly over
 * sorted arrays, nothing kept from event to event. Slow, and meant to be read.
 */

import { anatomyOf } from '#lib/axie/anatomy.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { keyOn, similarityLadder, type Traits, traitsOf, traitsOfProfile } from '#lib/axie/similarity.ts'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { ContextSubject } from '#lib/market/fold/context.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import { readEvent } from '#lib/market/read-event.ts'
import type { ItemProfile, MarketEvent, Sale } from '#schemas/types.ts'
import { sampleItemModels } from './market-samples.ts'

type Folded = Readonly<{ event: MarketEvent; clock: number }>
type KnownSale = Readonly<{
  sale: Sale
  traits: Traits
  usd: number
  clock: number
  relative: number | null
  /** Item effect; e = log price less it; and the residual. Null where no item model was promoted. */
  effect: number | null
  adjusted: number | null
  residual: number | null
}>

const isRefused = (event: MarketEvent): boolean => {
  try {
    const content = readEvent(event)
    if (content.kind === 'model') sampleItemModels.get(content)
    return false
  } catch (error) {
    if (error instanceof RejectedError) return true
    throw error
  }
}

/** Events that count, with the clock when each was folded: refused ones left out, and repeated sales within three weeks. */
function foldedEvents(events: readonly MarketEvent[]): Folded[] {
  let clock = Number.NEGATIVE_INFINITY
  const met: Folded[] = []
  for (const event of events) {
    if (isRefused(event)) continue
    clock = Math.max(clock, event.observedAt)
    met.push({ event, clock })
  }
  const span = 21 * dayMillis + hourMillis + 5 * minuteMillis
  const isRepeated = (one: Folded, index: number): boolean =>
    met.slice(0, index).some((earlier) => earlier.event.eventId === one.event.eventId && earlier.clock > one.clock - span)
  return met.filter((one, index) => payloadOf(one.event).kind !== 'Sale' || !isRepeated(one, index))
}

export function rateAt(folded: readonly Folded[], at: number): number | null {
  const last = folded.findLast(({ event }) => payloadOf(event).kind === 'ExchangeRate')
  if (last === undefined || last.clock <= at - hourMillis) return null
  const payload = payloadOf(last.event)
  return payload.kind === 'ExchangeRate' ? payload.value.ethUsd : null
}

/** The item model promoted last. */
function itemModelAfter(folded: readonly Folded[]): ItemModel | null {
  const last = folded.findLast(({ event }) => payloadOf(event).kind === 'ModelPromoted')
  const payload = last === undefined ? null : payloadOf(last.event)
  return payload?.kind === 'ModelPromoted' ? sampleItemModels.get(payload.value) : null
}

const logBin = (usd: number): number => Math.round(Math.log(usd) * 1_000)

/** Log dollars; the cheapest and the dearest quarter left out. */
export function midmeanOf(prices: readonly number[]): number | null {
  if (prices.length === 0) return null
  const bins = prices.map(logBin).sort((a, b) => a - b)
  const apart = Math.floor(bins.length / 4)
  const middle = bins.slice(apart, bins.length - apart)
  return middle.reduce((sum, bin) => sum + bin, 0) / middle.length / 1_000
}

type Priced = Readonly<{ usd: number; soldAt: number }>

/** Prices of sales with `from` < time < `until`. */
const between = (sales: readonly Priced[], from: number, until: number): number[] =>
  sales.filter(({ soldAt }) => soldAt > from && soldAt < until).map(({ usd }) => usd)

export function referencePrices(sales: readonly Priced[], end: number, until: number): number[] {
  const hours6 = between(sales, end - 6 * hourMillis, until)
  const hours24 = between(sales, end - 24 * hourMillis, until)
  return hours6.length >= 50 ? hours6 : hours24.length >= 20 ? hours24 : between(sales, end - 7 * dayMillis, until)
}

/** Sales that could be priced and were not too old when they came, each with its price relative to the level before it. */
export function knownSales(events: readonly MarketEvent[]): KnownSale[] {
  const folded = foldedEvents(events)
  const known: (KnownSale & Priced)[] = []
  for (const [index, { event, clock }] of folded.entries()) {
    const payload = payloadOf(event)
    if (payload.kind !== 'Sale' || payload.value.item.parts.length === 0 || payload.value.soldAt <= clock - 21 * dayMillis) continue
    const sale = payload.value
    const rate = rateAt(folded.slice(0, index), clock)
    const usd = sale.priceUsd === null ? (rate === null ? null : (Number(sale.priceWei) / 1e18) * rate) : Number(sale.priceUsd)
    if (usd === null) continue
    const newest = Math.max(sale.soldAt, ...known.map(({ soldAt }) => soldAt))
    const end = Math.max(sale.soldAt, newest - hourMillis)
    const level = midmeanOf(referencePrices(known, end, end))
    const relative = level === null ? null : Math.log(usd) - level
    const effect = itemModelAfter(folded)?.effectOf(profileOf(sale.item), sale.soldAt) ?? null
    const adjusted = effect === null ? null : Math.log(usd) - effect
    const newestAdjusted = Math.max(sale.soldAt, ...adjustedOf(known).map(({ soldAt }) => soldAt))
    const adjustedEnd = Math.max(sale.soldAt, newestAdjusted - hourMillis)
    const adjustedLevel = midmeanOf(referencePrices(adjustedOf(known), adjustedEnd, adjustedEnd))
    const residual = adjusted === null || adjustedLevel === null ? null : adjusted - adjustedLevel
    known.push({ sale, traits: traitsOf(anatomyOf(sale.item)), usd, soldAt: sale.soldAt, clock, relative, effect, adjusted, residual })
  }
  return known
}

/** e in the guise of prices. */
const adjustedOf = <Known extends KnownSale>(sales: readonly Known[]): (Known & Priced)[] =>
  sales.flatMap((sale) => (sale.adjusted === null ? [] : [{ ...sale, usd: Math.exp(sale.adjusted), soldAt: sale.sale.soldAt }]))

const newestFirst = (a: KnownSale, b: KnownSale): number => b.sale.soldAt - a.sale.soldAt || (b.sale.saleId > a.sale.saleId ? 1 : -1)

const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

type Weighted = Readonly<{ value: number; weight: number }>

export function weightedQuantile(pairs: readonly Weighted[], share: number): number {
  const sorted = [...pairs].sort((a, b) => a.value - b.value || a.weight - b.weight)
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    if (below >= share * total) return value
  }
  return sorted.at(-1)?.value ?? Number.NaN
}

/** The measures of the similarity ladder, by name. */
function ladder(sales: readonly KnownSale[], traits: Traits, asOf: number): Record<string, number> {
  const measures: Record<string, number> = {}
  const pool: Weighted[] = []
  for (const { name, traits: rungTraits } of similarityLadder) {
    const like = sales.filter((sale) => keyOn(rungTraits, sale.traits) === keyOn(rungTraits, traits) && sale.relative !== null)
    const newest = like.sort(newestFirst).slice(0, 8)
    const relatives = newest.map(({ relative }) => relative!)
    const ages = newest.map(({ sale }) => Math.max(0, asOf - sale.soldAt))
    const weights = ages.map((age) => 2 ** (-age / (12 * hourMillis)))
    const known = newest.length > 0
    measures[`${name}.count`] = newest.length
    measures[`${name}.last`] = relatives[0] ?? Number.NaN
    measures[`${name}.median`] = known ? medianOf(relatives) : Number.NaN
    measures[`${name}.weighted`] = known
      ? relatives.reduce((sum, relative, index) => sum + relative * weights[index]!, 0) / weights.reduce((sum, weight) => sum + weight, 0)
      : Number.NaN
    measures[`${name}.minimum`] = known ? Math.min(...relatives) : Number.NaN
    measures[`${name}.ageHours`] = (ages[0] ?? Number.NaN) / hourMillis
    const rank = ['full', 'six', 'c4b', 'c4', 'cbt', 'cb'].indexOf(name)
    if (rank >= 0)
      for (const [index, age] of ages.entries()) pool.push({ value: relatives[index]!, weight: 4 ** -rank * 2 ** (-age / dayMillis) })
  }
  measures['pool.median'] = weightedQuantile(pool, 0.5)
  measures['pool.weight'] = pool.reduce((sum, { weight }) => sum + weight, 0)
  return measures
}

/** Traits in the order class, breed count, eyes, ears, mouth, horn, back, tail, kind. */
const partWeights = [0, 0, 0.5, 0.5, 1.5, 1.5, 2, 1.5]

function neighbours(sales: readonly KnownSale[], traits: Traits, asOf: number): Record<string, number> {
  const byResidual = (a: KnownSale, b: KnownSale): number => (b.residual ?? 0) - (a.residual ?? 0)
  const nearest = sales
    .filter((sale) => sale.traits[0] === traits[0] && sale.traits[8] === traits[8] && sale.relative !== null)
    .sort((a, b) => b.sale.soldAt - a.sale.soldAt || b.relative! - a.relative! || byResidual(a, b))
    .map((sale) => ({
      relative: sale.relative!,
      residual: sale.residual,
      likeness:
        partWeights.reduce((sum, weight, trait) => (sale.traits[trait] === traits[trait] ? sum + weight : sum), 0) -
        0.35 * Math.abs(sale.traits[1] - traits[1]) -
        (0.25 * Math.max(0, asOf - sale.sale.soldAt)) / dayMillis,
    }))
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 15)
  const best = nearest[0]?.likeness ?? Number.NaN
  const pairs = nearest.map(({ relative, likeness }) => ({ value: relative, weight: Math.exp(1.2 * (likeness - best)) }))
  const total = pairs.reduce((sum, { weight }) => sum + weight, 0)
  const residuals = nearest.flatMap(({ residual, likeness }) =>
    residual === null ? [] : [{ value: residual, weight: Math.exp(1.2 * (likeness - best)) }],
  )
  const residualTotal = residuals.reduce((sum, { weight }) => sum + weight, 0)
  return {
    'neighbours.residual.q25': weightedQuantile(residuals, 0.25),
    'neighbours.residual.median': weightedQuantile(residuals, 0.5),
    'neighbours.residual.q75': weightedQuantile(residuals, 0.75),
    'neighbours.residual.mean':
      residuals.length === 0 ? Number.NaN : residuals.reduce((sum, { value, weight }) => sum + value * weight, 0) / (residualTotal + 0.5),
    'neighbours.q25': weightedQuantile(pairs, 0.25),
    'neighbours.median': weightedQuantile(pairs, 0.5),
    'neighbours.q75': weightedQuantile(pairs, 0.75),
    'neighbours.mean': pairs.length === 0 ? Number.NaN : pairs.reduce((sum, { value, weight }) => sum + value * weight, 0) / total,
    'neighbours.nearest': best,
    'neighbours.weight': total,
  }
}

const quantileOf = (prices: readonly number[], share: number): number => {
  const bins = prices.map(logBin).sort((a, b) => a - b)
  return (bins[Math.floor(share * (bins.length - 1))] ?? Number.NaN) / 1_000
}

function levels(sales: readonly Priced[], ofClass: readonly Priced[], asOf: number): Record<string, number> {
  const [market, own] = [referencePrices(sales, asOf, Number.POSITIVE_INFINITY), referencePrices(ofClass, asOf, Number.POSITIVE_INFINITY)]
  const reference = midmeanOf(market) ?? Number.NaN
  const measures: Record<string, number> = { 'market.reference': reference }
  const spans = { hours1: hourMillis, hours6: 6 * hourMillis, hours24: dayMillis, days7: 7 * dayMillis }
  for (const [name, span] of Object.entries(spans)) {
    measures[`market.${name}`] = (midmeanOf(between(sales, asOf - span, Number.POSITIVE_INFINITY)) ?? Number.NaN) - reference
    measures[`class.${name}`] = (midmeanOf(between(ofClass, asOf - span, Number.POSITIVE_INFINITY)) ?? Number.NaN) - reference
  }
  for (const percent of [10, 25, 75, 90]) measures[`market.q${percent}`] = quantileOf(market, percent / 100) - reference
  for (const percent of [10, 25, 50, 75]) measures[`class.q${percent}`] = quantileOf(own, percent / 100) - reference
  measures['market.salesLastHour'] = between(sales, asOf - hourMillis, Number.POSITIVE_INFINITY).length
  measures['market.salesPerHour'] = between(sales, asOf - dayMillis, Number.POSITIVE_INFINITY).length / 24
  measures['class.salesPerHour'] = between(ofClass, asOf - dayMillis, Number.POSITIVE_INFINITY).length / 24
  return measures
}

function own(sales: readonly KnownSale[], profile: ItemProfile, reference: number, asOf: number): Record<string, number> {
  const mine = sales.filter(({ sale }) => sale.item.tokenId === profile.tokenId).sort(newestFirst)
  const last = mine[0]
  return {
    'own.count': Math.min(8, mine.length),
    'own.relative': last?.relative ?? Number.NaN,
    'own.relativeNow': last === undefined ? Number.NaN : Math.log(last.usd) - reference,
    'own.ageHours': last === undefined ? Number.NaN : Math.max(0, asOf - last.sale.soldAt) / hourMillis,
    'own.breeds': last === undefined ? Number.NaN : profile.breedCount - last.sale.item.breedCount,
  }
}

type Adjusted = KnownSale & Priced

/** Residual measures of the market and its parts. `e` holds e in the guise of prices, within 21 days. */
function residualLevels(e: readonly Adjusted[], traits: Traits, effect: number, asOf: number): Record<string, number> {
  const reference = midmeanOf(referencePrices(e, asOf, Number.POSITIVE_INFINITY)) ?? Number.NaN
  const over = (sales: readonly Priced[], hours: number): number[] => between(sales, asOf - hours * hourMillis, Number.POSITIVE_INFINITY)
  const less = (values: readonly number[]): number => (midmeanOf(values) ?? Number.NaN) - reference
  const tier = (value: number): number => [-0.25, -0.1, 0.05, 0.3, 0.7, 1.2].filter((bound) => value >= bound).length
  const prices = referencePrices(e, asOf, Number.POSITIVE_INFINITY)
  const measures: Record<string, number> = {
    'residual.effect': effect,
    'residual.reference': reference,
    'residual.hours1': less(over(e, 1)),
    'residual.hours24': less(over(e, 24)),
    'residual.days7': less(over(e, 7 * 24)),
    'residual.q10': quantileOf(prices, 0.1) - reference,
    'residual.q90': quantileOf(prices, 0.9) - reference,
  }
  const ofClass = e.filter((sale) => sale.traits[0] === traits[0])
  const ofTier = e.filter((sale) => tier(sale.effect!) === tier(effect))
  for (const hours of [1, 6, 24])
    for (const [scope, sales] of Object.entries({ class: ofClass, tier: ofTier })) {
      const values = over(sales, hours)
      measures[`residual.${scope}.hours${hours}`] = (less(values) * values.length) / (values.length + 8)
    }
  return measures
}

/** Residual measures of an axie's likes and of itself. */
function residualLikes(sales: readonly KnownSale[], profile: ItemProfile, asOf: number): Record<string, number> {
  const measures: Record<string, number> = {}
  const pool: Weighted[] = []
  const weightOf = ({ sale }: KnownSale): number => 2 ** (-Math.max(0, asOf - sale.soldAt) / dayMillis)
  for (const name of ['cb', 'cbt', 'cbm', 'ctm', 'cmh', 'c4', 'c4b', 'n4b', 'six', 'full']) {
    const rung = similarityLadder.find((one) => one.name === name)?.traits ?? []
    const like = sales.filter((sale) => keyOn(rung, sale.traits) === keyOn(rung, traitsOfProfile(profile)) && sale.residual !== null)
    const newest = like.sort(newestFirst).slice(0, 12)
    const values = newest.map(({ residual }) => residual!)
    const weight = newest.reduce((sum, sale) => sum + weightOf(sale), 1)
    const orNaN = (value: number): number => (newest.length === 0 ? Number.NaN : value)
    measures[`residual.${name}.last`] = values[0] ?? Number.NaN
    measures[`residual.${name}.median`] = orNaN((medianOf(values) * values.length) / (values.length + 1))
    measures[`residual.${name}.weighted`] = orNaN(newest.reduce((sum, sale) => sum + sale.residual! * weightOf(sale), 0) / weight)
    measures[`residual.${name}.minimum`] = orNaN(Math.min(...values))
    const rank = ['full', 'six', 'c4b', 'c4', 'cbt', 'cb'].indexOf(name)
    if (rank >= 0) for (const sale of newest) pool.push({ value: sale.residual!, weight: 4 ** -rank * weightOf(sale) })
  }
  const mine = sales.filter(({ sale }) => sale.item.tokenId === profile.tokenId).sort(newestFirst)
  return {
    ...measures,
    'residual.pool.median': weightedQuantile(pool, 0.5),
    'residual.pool.weight': pool.reduce((sum, { weight }) => sum + weight, 0),
    'residual.own': mine[0]?.residual ?? Number.NaN,
  }
}

/** All measures but those of the leaderboard, by name, and the similar sales, newest first. */
export function naiveContext(events: readonly MarketEvent[], profile: ItemProfile, subject: ContextSubject) {
  const folded = foldedEvents(events)
  const asOf = Math.max(subject.observedAt, ...folded.map(({ clock }) => clock))
  const all = knownSales(events).map((sale) => ({ ...sale, soldAt: sale.sale.soldAt }))
  const remembered = all.filter(({ soldAt, clock }) => soldAt > asOf - 14 * dayMillis && soldAt > clock - 14 * dayMillis)
  const traits = traitsOfProfile(profile)
  const ofClass = all.filter((sale) => sale.traits[0] === traits[0])
  const level = levels(all, ofClass, asOf)
  const c4 = similarityLadder.find(({ name }) => name === 'c4')?.traits ?? []
  const effect = itemModelAfter(folded)?.effectOf(profile, asOf) ?? null
  const similar = remembered.filter((sale) => keyOn(c4, sale.traits) === keyOn(c4, traits)).sort(newestFirst)
  const bandOf = (breedCount: number): number => [0, 1, 1][breedCount] ?? 2
  const isOfBand = ({ breedCount }: Readonly<{ breedCount: number }>): boolean => bandOf(breedCount) === bandOf(profile.breedCount)
  const watched = all.filter(({ soldAt, clock }) => soldAt > clock - 14 * dayMillis)
  const isWithin = (hour: number): boolean =>
    hour > Math.floor((asOf - 14 * dayMillis) / hourMillis) && hour <= Math.floor(asOf / hourMillis)
  return {
    asOf,
    ethUsd: rateAt(folded, asOf),
    alike: {
      usd: similar.filter(({ sale }) => sale.item.tokenId !== profile.tokenId && isOfBand(sale.item)).map(({ usd }) => usd),
      watchedHours: new Set(watched.map(({ soldAt }) => Math.floor(soldAt / hourMillis)).filter(isWithin)).size,
    },
    similarSales: similar.slice(0, 5).map(({ sale, usd, relative }) => ({ saleId: sale.saleId, usd, relative })),
    measures: {
      ...level,
      ...ladder(remembered, traits, asOf),
      ...neighbours(remembered, traits, asOf),
      ...own(remembered, profile, level['market.reference']!, asOf),
      ...(effect === null ? {} : { ...residualLevels(adjustedOf(all), traits, effect, asOf), ...residualLikes(remembered, profile, asOf) }),
    } as Record<string, number>,
  }
}

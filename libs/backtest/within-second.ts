/**
 * The second half of the look-ahead check. A cut between two seconds cannot see a number that knows what happens within its own second, its
 * own sale first of all. So sampled seconds are played again with their sales, and everything after, changed: prices tripled (the asks
 * with them, which are made of the sales), and once more with each sale alone. No feature and no forecast of theirs may change.
 */
import { payloadOf, saleEvent } from '#lib/market/event.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { withListings } from './listings-from-sales.ts'
import { createTracer, differingFeatures, type Leak, type Traced, type Tracer, type WithinSecondResult } from './lookahead.ts'
import type { DayModel, Walk } from './walk-forward.ts'

export type WithinSecondOptions = Readonly<{
  /** The sales, in the order of time. */
  events: readonly MarketEvent[]
  models: readonly DayModel[]
  featureNames: readonly string[]
  samples: number
  /** How sales become listings. */
  listings?: typeof withListings
  /** A chain that has played nothing yet, over the bundles of `models`. */
  open: (tracer: Tracer) => Promise<Walk>
  onProgress?: (share: number) => void
}>

/** What comes after a sampled second is in the same batches, where one may reach over. */
const eventsAfter = 300
const factor = 3

export async function checkWithinSecond(options: WithinSecondOptions): Promise<WithinSecondResult> {
  const { events, models, samples, featureNames, onProgress = () => {} } = options
  const seconds = sampledSeconds(events, models, samples)
  const wanted = new Set(seconds)
  const unchanged = new Map((await trace(options, events, wanted)).map((traced) => [traced.listingId, traced]))
  const tries = seconds.flatMap((second) => [
    { second, change: tripled },
    { second, change: alone },
  ])
  for (const [index, { second, change }] of tries.entries()) {
    onProgress(index / tries.length)
    const changed = await trace(options, changedFrom(events, second, change), new Set(seconds.filter((other) => other <= second)))
    const leak = firstLeak(changed, unchanged, featureNames)
    if (leak !== null) return { seconds: seconds.length, listings: unchanged.size, leak }
  }
  return { seconds: seconds.length, listings: unchanged.size, leak: null }
}

const secondOf = ({ eventTime }: MarketEvent): number => Math.floor(eventTime / 1_000)

/** What was played is cut into equal parts; each gives its second with the most sales, where the most can be seen. */
function sampledSeconds(events: readonly MarketEvent[], models: readonly DayModel[], samples: number): number[] {
  const [from, to] = [models[0]!.from, models.at(-1)!.to]
  const played = events.filter(({ eventTime }) => eventTime >= from && eventTime < to)
  const parts = Map.groupBy(played, ({ eventTime }) => Math.floor(((eventTime - from) / (to - from)) * samples))
  return [...parts.values()].map((part) => {
    const counts = [...Map.groupBy(part, secondOf)].map(([second, { length }]) => ({ second, length }))
    return counts.reduce((most, one) => (one.length > most.length ? one : most)).second
  })
}

/** Plays all sales up to a little after the last of these seconds; only these are listed before. */
async function trace(
  { open, models, listings = withListings }: WithinSecondOptions,
  events: readonly MarketEvent[],
  listed: ReadonlySet<number>,
): Promise<readonly Traced[]> {
  const tracer = createTracer()
  const walk = await open(tracer)
  const last = events.findLastIndex((event) => listed.has(secondOf(event)))
  const reached = events.slice(0, last + 1 + eventsAfter)
  const played: MarketEvent[] = []
  for (const [index, model] of models.entries()) {
    const history = index === 0 ? reached.filter(({ eventTime }) => eventTime < model.from) : []
    const today = reached.filter(({ eventTime }) => eventTime >= model.from && eventTime < model.to)
    if (index > 0 && today.length === 0) break
    played.push(...walk.opening(model, history))
    for (const [second, sales] of Map.groupBy(today, secondOf))
      for (const event of listed.has(second) ? listings(sales) : sales) played.push(event)
  }
  await walk.chain.play(played)
  return tracer.trace
}

type Change = (sales: readonly MarketEvent[]) => MarketEvent[]

/** Sales before the second stay; those of it and all later ones are changed. */
function changedFrom(events: readonly MarketEvent[], second: number, change: Change): MarketEvent[] {
  const first = events.findIndex((event) => secondOf(event) >= second)
  return [...events.slice(0, first), ...change(events.slice(first))]
}

const tripled: Change = (sales) =>
  sales.map((event) => {
    const { kind, value } = payloadOf(event)
    if (kind !== 'Sale') return event
    const priceUsd = value.priceUsd === null ? null : String(Number(value.priceUsd) * factor)
    const { observedAt, origin, source } = event
    return saleEvent({ ...value, priceUsd, priceWei: String(BigInt(value.priceWei) * BigInt(factor)) }, { observedAt, origin, source })
  })

/** The last of the second, and nothing more: neither its neighbours in the second nor anything later. */
const alone: Change = (sales) => {
  const [first] = sales
  const sameSecond = sales.filter((event) => secondOf(event) === secondOf(first!))
  return sameSecond.slice(-1)
}

function firstLeak(changed: readonly Traced[], unchanged: ReadonlyMap<string, Traced>, featureNames: readonly string[]): Leak | null {
  for (const traced of changed) {
    const { listingId, observedAt } = traced
    const before = unchanged.get(listingId)
    if (before === undefined) return { listingId, observedAt, what: 'listings', features: [] }
    const features = differingFeatures(before, traced, featureNames)
    if (features !== null) return { listingId, observedAt, what: 'features', features }
    if (before.forecast !== traced.forecast) return { listingId, observedAt, what: 'forecast', features: [] }
  }
  return null
}

import { dayMillis } from '#lib/clock/durations.ts'
import type { GoneBy, Outcome, Source } from '#schemas/types.ts'

/** A listing that is followed: alerted, drawn by the random buyer, or rejected by a rule. Times are the market's, in milliseconds. */
export type Bet = Readonly<{
  id: string
  kind: Outcome['kind']
  listingId: string
  tokenId: string
  breedCount: number
  startedAt: number
  rule: string
  source: Source
  alertedAt: number
  askUsd: number
  askEth: number
  forecastUsd: number | null
  rejectedFor: string | null
}>

/** What happened to one axie, each list in order of time. */
export type AxieHistory = Readonly<{
  sales: ReadonlyArray<Readonly<{ id: string; at: number; usd: number | null; eth: number; breedCount: number }>>
  offers: ReadonlyArray<Readonly<{ id: string; at: number }>>
  cancellations: ReadonlyArray<Readonly<{ id: string; at: number }>>
}>

/** A bet is followed for this long. */
export const followMillis = 14 * dayMillis
/** What happened this long before it was alerted may be its end already: a listing sold before anyone saw it. */
export const beforehandMillis = dayMillis

/** What is known beside what happened to the axie. `heldBack`: the limit that kept the alert from being posted; null: none did. */
export type OutcomeState = Readonly<{ clock: number; bought: boolean; heldBack: string | null; feeRatio: number }>

/**
 * What became of a bet, as far as the market's clock has come: a function of what happened, whatever the order in which it was heard.
 * Gone is by the first of: a sale, a withdrawal, another offer of the same axie. Resold is by the sale after that which took the listing,
 * unless the axie was bred meanwhile: it is another axie then.
 */
export function outcomeOf(bet: Bet, history: AxieHistory, state: OutcomeState): Outcome {
  const { clock, bought, heldBack, feeRatio } = state
  const until = bet.alertedAt + followMillis
  const isFinal = clock > until
  const gone = endOf(bet, history, until)
  const taken = gone?.by === 'sold' ? history.sales.findIndex(({ id }) => id === gone.id) : -1
  const sold = history.sales[taken]
  const next = taken === -1 ? undefined : history.sales[taken + 1]
  const resold = next !== undefined && next.breedCount === bet.breedCount && next.at <= until ? next : null
  const left = 1 - feeRatio
  const isCensored = isFinal && (gone === null || gone.by === 'sold')
  return {
    alertId: bet.id,
    status: resold !== null ? 'resold' : isCensored ? 'censored' : gone === null ? 'open' : 'gone',
    goneAt: gone?.at ?? null,
    resoldAt: resold?.at ?? null,
    resoldUsd: resold?.usd ?? null,
    netUsd: resold === null || resold.usd === null ? null : resold.usd * left - bet.askUsd,
    netEth: resold === null ? null : resold.eth * left - bet.askEth,
    kind: bet.kind,
    listingId: bet.listingId,
    tokenId: bet.tokenId,
    rule: bet.rule,
    source: bet.source,
    alertedAt: bet.alertedAt,
    askUsd: bet.askUsd,
    askEth: bet.askEth,
    forecastUsd: bet.forecastUsd,
    rejectedFor: bet.rejectedFor,
    goneBy: gone?.by ?? null,
    soldUsd: sold?.usd ?? null,
    bought,
    isFinal,
    heldBack,
  }
}

/** How the listing ended by then; null: it was still there. */
export function endOf(
  bet: Pick<Bet, 'listingId' | 'startedAt' | 'alertedAt'>,
  { sales, offers, cancellations }: AxieHistory,
  until: number,
): { by: GoneBy; at: number; id: string } | null {
  const since = Math.max(bet.startedAt, bet.alertedAt - beforehandMillis)
  const sale = sales.find(({ at }) => at >= since)
  const cancellation = cancellations.find(({ id, at }) => id === bet.listingId && at >= since)
  const offer = offers.find(({ at }) => at >= since && at > bet.startedAt)
  // A sale comes first where times are equal: what a sale explains needs no other explanation.
  const candidates = [['sold', sale] as const, ['cancelled', cancellation] as const, ['relisted', offer] as const]
  const ends = candidates.flatMap(([by, end]) => (end === undefined || end.at > until ? [] : [{ by, at: end.at, id: end.id }]))
  return ends.reduce<(typeof ends)[number] | null>((first, end) => (first === null || end.at < first.at ? end : first), null)
}

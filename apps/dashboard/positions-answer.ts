import type { z } from 'zod'
import type { Codec } from '#lib/codec/codec.ts'
import type { LiveView } from '#lib/live/live-view.ts'
import { leftAfterFee, netOf } from '#lib/positions/position-result.ts'
import { createPositionWriter } from '#lib/positions/position-writer.ts'
import { suggestedAsk } from '#lib/positions/suggested-ask.ts'
import type { Producer } from '#lib/stream/log.ts'
import type { Position } from '#schemas/types.ts'
import type { PositionsAnswer, positionAnswer, positionsQuery, purchaseBody, resaleBody } from './api-schemas.ts'
import type { Prices } from './price-answer.ts'
import { problemOf } from './problem.ts'

/** What accounts bought, and what it is worth now. */
export type Positions = Readonly<{
  list(query: z.output<typeof positionsQuery>): Promise<Omit<PositionsAnswer, 'simulated'>>
  bought(purchase: z.output<typeof purchaseBody>): Promise<z.input<typeof positionAnswer>>
  sold(sale: z.output<typeof resaleBody>): Promise<z.input<typeof positionAnswer>>
}>

export type PositionsOptions = Readonly<{
  producer: Producer
  codec: Codec
  prefix: string
  /** By the market's clock, which a simulated market has of its own. */
  now(): number
  view: Pick<LiveView, 'positions' | 'alert' | 'alerts'>
  prices: Pick<Prices, 'byId'>
}>

export function createPositions({ producer, codec, prefix, now: marketNow, view, prices }: PositionsOptions): Positions {
  const { positions: book } = view
  const writer = createPositionWriter({ producer, codec, prefix, book })
  const alertIdOf = (axieId: string) => view.alerts(Number.MAX_SAFE_INTEGER).find(({ listing }) => listing.axieId === axieId)?.alertId ?? ''

  const now = async ({ tokenId, soldAt, boughtUsd }: Position): Promise<PositionsAnswer['positions'][number]['now']> => {
    if (soldAt !== null) return null
    try {
      const { forecastUsd, demand, evidence } = await prices.byId(tokenId, 'suggested ask')
      const sales = evidence.similarSales.map(({ usd }) => usd)
      const { usd: suggestedAskUsd, from: suggestedFrom } = suggestedAsk(sales, forecastUsd.q50)
      return { forecastUsd, demand, suggestedAskUsd, suggestedFrom, leavesUsd: leftAfterFee(suggestedAskUsd, boughtUsd) }
    } catch (error) {
      if (problemOf(error).status === 500) throw error
      return null
    }
  }

  return {
    async list({ account, status, offset, limit }) {
      const matching = book
        .all()
        .filter(
          (one) =>
            (account === undefined || one.account === account) && (status === undefined || (one.soldAt === null) === (status === 'open')),
        )
      const page = matching.slice(offset, offset + limit)
      return {
        total: matching.length,
        openCostUsd: matching.reduce((sum, { soldAt, boughtUsd }) => sum + (soldAt === null ? boughtUsd : 0), 0),
        realizedUsd: matching.reduce((sum, position) => sum + (netOf(position) ?? 0), 0),
        positions: await Promise.all(page.map(async (position) => ({ ...rowOf(position), now: await now(position) }))),
      }
    },
    async bought({ account, axieId, priceUsd, at, alertId }) {
      const alert = view.alert(alertId ?? alertIdOf(axieId))
      return rowOf(await writer.bought({ account, tokenId: axieId, usd: priceUsd, at: at ?? marketNow(), by: 'api', alert }))
    },
    sold: async ({ account, axieId, priceUsd, at }) =>
      rowOf(await writer.sold({ account, tokenId: axieId, usd: priceUsd, at: at ?? marketNow(), by: 'said' })),
  }
}

const rowOf = (position: Position) => {
  const { tokenId, by: _by, ...shown } = position
  return { ...shown, axieId: tokenId, netUsd: netOf(position) }
}

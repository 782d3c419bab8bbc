import { RetryableError } from '#lib/errors/errors.ts'
import { listingIdOf, saleIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Held, Marketplace, PageRequest } from '#lib/marketplace/client.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import type { Page } from '#lib/marketplace/page.ts'
import type { Item, Listing, Sale } from '#schemas/types.ts'
import type { Dice } from '../kernel/dice.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'

/** Newest first, as the marketplace lists them. */
export type Market = Readonly<{ listings: Listing[]; sales: Sale[]; offer(): void; settle(): void }>

const ethUsd = 3_000

/** A small market: axies that are much alike, some asked for far below what such axies sell for. */
export function createMarket(scheduler: Scheduler, dice: Dice): Market {
  const listings: Listing[] = []
  const sales: Sale[] = []
  let count = 0
  // The market counts in whole seconds, and two offers may share one.
  const second = () => Math.floor(scheduler.clock.now() / 1_000) * 1_000

  const itemOf = (tokenId: string): Item => ({
    tokenId,
    class: 'plant',
    breedCount: dice.below(3),
    genes: null,
    parts: ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam'],
    image: null,
  })

  return {
    listings,
    sales,
    offer() {
      const tokenId = String(7_310_000 + count++)
      const usd = dice.chance(0.6) ? 4 + dice.below(4) : 20 + dice.below(20)
      const wei = usdToWei(usd, ethUsd)
      const prices = { basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei, currentPriceUsd: String(usd) }
      const startedAt = second()
      listings.unshift({
        listingId: listingIdOf(tokenId, startedAt),
        item: itemOf(tokenId),
        seller: `0x${dice.below(5)}`,
        ask: { kind: 'fixed', paymentToken: 'WETH', ...prices, startedAt, durationSeconds: 0 },
      })
    },
    /** An axie that was offered is bought, or another one nobody saw offered. */
    settle() {
      const offered = listings.length > 0 && dice.chance(0.6) ? dice.pick(listings) : null
      const item = offered?.item ?? itemOf(String(7_310_000 + count++))
      if (sales.some((sale) => sale.item.tokenId === item.tokenId)) return
      const soldAt = second()
      const txHash = `0x${item.tokenId}x${soldAt}`
      const usd = offered === null ? 25 + dice.below(10) : Number(offered.ask.currentPriceUsd)
      sales.unshift({
        saleId: saleIdOf(item.tokenId, { txHash, soldAt }),
        item,
        soldAt,
        priceWei: usdToWei(usd, ethUsd),
        priceUsd: String(usd),
        seller: offered?.seller ?? '0x9',
        buyer: '0xb',
        txHash,
      })
    },
  }
}

export function createSimulatedMarketplace(
  scheduler: Scheduler,
  market: Market,
  actor: Actor,
  onAnswer: (marketTime: number) => void,
): Marketplace {
  const clock = scheduler.clockOf(actor)

  async function ask<T>(label: string, args: unknown, answer: () => T): Promise<Held<T>> {
    try {
      const { value, marketTime } = await scheduler.call<{ value: T; marketTime: number }>(actor, label, args, ({ give }) =>
        give({ value: answer(), marketTime: scheduler.clock.now() }),
      )
      onAnswer(marketTime)
      return { value, marketTime, heldAt: clock.now() }
    } catch (error) {
      if (error instanceof RetryableError) throw new MarketplaceError('unavailable', error.message)
      throw error
    }
  }

  const pageOf = async <Item>(label: string, { from, size }: PageRequest, all: () => readonly Item[]): Promise<Page<Item>> => {
    const { value, ...when } = await ask(label, { from, size }, () => ({ items: all().slice(from, from + size), total: all().length }))
    return { ...value, ...when, rejects: [], count: value.items.length }
  }

  return {
    newestListings: (page) => pageOf('looks at the newest listings', page, () => market.listings),
    cheapestListings: (_class, page) => pageOf('looks at the cheapest listings', page, () => market.listings),
    settledSales: (page) =>
      pageOf('looks at the newest sales', page, () =>
        market.sales.map((sale): SettledEntry => ({ newest: sale, sales: [sale], isCut: false })),
      ),
    axie: () => ask('asks about an axie', undefined, () => null),
    salesOf: (tokenId) => ask('asks for sales of an axie', tokenId, () => market.sales.filter(({ item }) => item.tokenId === tokenId)),
    exchangeRate: () => ask('asks for the exchange rate', undefined, () => ({ ethUsd })),
    leaderboard: async () => null,
    async close() {},
  }
}

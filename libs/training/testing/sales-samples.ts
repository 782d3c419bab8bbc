import { parts, partTypes } from '#lib/axie/parts.ts'
import { saleEvent, saleIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

/** Sales for tests: few kinds of axies, so that each has look-alikes; prices by kind and breed count, with noise. */

/** 2022-04-11T00:00:00Z */
export const firstSaleAt = 1_649_635_200_000

const partsOfType = (type: string): string[] => parts.filter((part) => part.type === type).map(({ id }) => id)
const fewParts = partTypes.map((type) => partsOfType(type).slice(0, 3) as [string, string, string])

export const saleAt = (soldAt: number, item: Item, usd: number): MarketEvent =>
  saleEvent(
    {
      saleId: saleIdOf(item.tokenId, { txHash: null, soldAt }),
      item,
      soldAt,
      priceWei: usdToWei(usd, 3_000),
      priceUsd: String(usd),
      seller: null,
      buyer: null,
      txHash: null,
    },
    { observedAt: soldAt, origin: 'live', source: 'synthetic' },
  )

export function someSales(count: number, seed: number, secondsApart = 60): MarketEvent[] {
  const random = createRandom(seed)
  const below = (limit: number): number => Math.floor(random.uniform() * limit)
  return Array.from({ length: count }, (_, row) => {
    const [kind, breedCount] = [below(3), below(4)]
    const item: Item = {
      tokenId: String(1_000_000 + below(5_000)),
      class: ['Aquatic', 'Plant', 'Beast'][kind] as string,
      breedCount,
      genes: null,
      parts: fewParts.map((choices) => choices[below(3)] as string),
      image: null,
    }
    const usd = Math.max(1, Math.round(20 * 2 ** kind * 0.9 ** breedCount * Math.exp(0.1 * random.normal())))
    // A third of the sales share their second with the one before, as real ones do.
    return saleAt(firstSaleAt + (row - (row % 3 === 1 ? 1 : 0)) * secondsApart * 1_000, item, usd)
  })
}

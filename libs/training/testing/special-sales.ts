import { saleEvent, saleIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { nominalEthUsd } from '#lib/market/sale-csv.ts'
import type { SoldAttributes, SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'
import type { ItemAttributes, MarketEvent } from '#schemas/types.ts'
import { firstSaleAt } from './sales-samples.ts'

/** Sales of a generated market, a share of them of titled, levelled and evolved axies with premiums that are made up. */
export function specialSales(count: number, { seed, specialShare }: { seed: number; specialShare: number }): MarketEvent[] {
  const sales = syntheticSales({ seed, specialShare, start: firstSaleAt, salesPerHour: 200 })
  return Array.from({ length: count }, () => eventOf(sales.next().value))
}

function eventOf({ tokenId, soldAt, parts, priceUsd, attributes, ...sold }: SoldAxie): MarketEvent {
  const item = {
    tokenId,
    class: sold.class,
    breedCount: sold.breedCount,
    genes: null,
    parts: Object.values(parts),
    image: null,
    ...(attributes === undefined ? {} : { attributes: toldOf(attributes) }),
  }
  const sale = {
    saleId: saleIdOf(tokenId, { txHash: null, soldAt }),
    item,
    soldAt,
    priceWei: usdToWei(priceUsd, nominalEthUsd),
    priceUsd: String(priceUsd),
    seller: null,
    buyer: null,
    txHash: null,
  }
  return saleEvent(sale, { observedAt: soldAt, origin: 'live', source: 'synthetic' })
}

const toldOf = ({ title, level, onchainLevel }: SoldAttributes): ItemAttributes => ({
  title: title ?? '',
  bodyShape: 'Normal',
  stage: 4,
  level,
  onchainLevel,
  isBanned: false,
  mystic: null,
  japanese: null,
  xmas: null,
  summer: null,
  parts: [],
})

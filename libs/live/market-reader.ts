import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import { applyEvent, ethUsdAt } from '#lib/market/fold/fold.ts'
import { initialMarketState, type MarketState, modelOfCarry } from '#lib/market/fold/market-state.ts'
import { parseUsd, parseWei, weiToEth } from '#lib/market/money.ts'
import type { ItemModelCache } from '#lib/stages/item-model-cache.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Checkpoint } from '#lib/stream/runtime/fold.ts'
import type { Ask, Bids, Item, MarketEvent, Sale, Source } from '#schemas/types.ts'
import type { SoldFor } from './calibration.ts'
import { createMarketLevels, type MarketLevels } from './market-levels.ts'
import { createRecent } from './recent.ts'

/** An axie as the market last described it. */
export type KnownItem = Readonly<{ item: Item; seller: string | null; ask: Ask | null; bids: Bids | null }>

/**
 * Our own reading of market.events: the enricher's fold, for asking about any axie at any moment. It writes nothing, and never speaks for
 * the enricher: what is wrong with a record is the enricher's to say.
 */
export type MarketReader = Readonly<{
  state: MarketState
  levels: MarketLevels
  take(records: readonly LogRecord[]): Promise<void>
  known(axieId: string): KnownItem | undefined
  /** Null before the first event. */
  source(): Source | null
  /** Events folded: changes whenever any price may. */
  version(): number
}>

export type MarketReaderOptions = Readonly<{
  codec: Pick<Codec, 'decode'>
  itemModels: ItemModelCache
  /** Where the fold begins: what the enricher's commit says, or null for the beginning of the topic. */
  from: Checkpoint | null
  rememberedItems: number
  rememberedHours: number
  onSale(sale: SoldFor): void
  /** After the fold took it, with the models in force before and after. */
  onEvent?(event: MarketEvent, before: string | null, after: string | null): void
}>

export function createMarketReader(options: MarketReaderOptions): MarketReader {
  const { codec, itemModels, from, rememberedItems, rememberedHours, onSale, onEvent } = options
  const carry: unknown = from?.carry === undefined ? undefined : JSON.parse(from.carry)
  itemModels.begin(modelOfCarry(carry))
  const state = initialMarketState(carry, itemModels)
  const levels = createMarketLevels({ levels: state.levels, capacity: rememberedHours })
  const items = createRecent<KnownItem>(rememberedItems)
  let source: Source | null = null
  let version = 0
  let nextOffset = from?.offset ?? 0

  const remember = (event: MarketEvent): void => {
    const { kind, value } = payloadOf(event)
    if (kind === 'Listing' || kind === 'AskSeen') {
      const { item, seller, ask } = value
      // A sweep does not tell bids: those that came with the listing are the newest known.
      const bids = kind === 'Listing' ? (value.bids ?? null) : (items.get(item.tokenId)?.bids ?? null)
      items.set(item.tokenId, { item, seller, ask, bids })
    } else if (kind === 'Sale') sold(event, value)
    else if (kind === 'Cancellation') {
      const known = items.get(value.tokenId)
      if (known !== undefined) items.set(value.tokenId, { ...known, ask: null, bids: null })
    }
  }

  const sold = ({ origin, observedAt }: MarketEvent, sale: Sale): void => {
    const { soldAt, item } = sale
    items.set(item.tokenId, { item, seller: null, ask: null, bids: null })
    const usd = saleUsd(sale, state)
    if (origin === 'live' && usd !== null) onSale({ axieId: item.tokenId, soldAt, observedAt, usd })
  }

  const fold = (event: MarketEvent): void => {
    // History is told late, each sale as of when it happened: that time, not the fold's clock.
    if ('flipstream.Sale' in event.payload) levels.before(event.observedAt)
    const before = state.model?.modelId ?? null
    applyEvent(state, event)
    onEvent?.(event, before, state.model?.modelId ?? null)
    remember(event)
    source = event.source
    version++
  }

  return {
    state,
    levels,
    async take(records) {
      for (const { offset, value } of records) {
        // Delivered again after a lost connection.
        if (offset < nextOffset) continue
        nextOffset = offset + 1
        try {
          if (value === null) continue
          const event = await codec.decode('MarketEvent', value)
          await itemModels.load([event])
          fold(event)
        } catch (error) {
          if (!(error instanceof RejectedError)) throw error
        }
      }
    },
    known: items.get,
    source: () => source,
    version: () => version,
  }
}

function saleUsd(sale: Sale, state: MarketState): number | null {
  if (sale.priceUsd !== null) return parseUsd(sale.priceUsd, 'priceUsd')
  const ethUsd = ethUsdAt(state, state.clock)
  return ethUsd === null ? null : weiToEth(parseWei(sale.priceWei, 'priceWei')) * ethUsd
}

import { type PartType, partTypes } from '#lib/axie/parts.ts'
import { payloadOf } from '#lib/market/event.ts'
import { numberCell, textCell, timeCell } from '#lib/market/sale-cells.ts'
import type { RawSale } from '#lib/market/sale-csv.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** As the source wrote it: text that should have been a number stays text, what is missing is null. */
export type Cell = string | number | null

const columns = ['time', 'id', 'class', 'breedCount', 'purity', ...partTypes, 'priceUsd', 'seller', 'buyer'] as const
export type SaleColumn = (typeof columns)[number]

/** One sale before anything about it is believed. `time` in milliseconds; class and parts as the source spells them. */
export type SaleRow = Readonly<Record<Exclude<SaleColumn, 'class' | PartType>, Cell>> &
  Readonly<Record<'class' | PartType, string | null>> &
  Readonly<{
    /** Where to look for it: a file's row, an offset of the log. */
    where: string
    /** When it was known, milliseconds; null where the source does not say. */
    observedAt: number | null
  }>

const numberOf = (text: string | undefined): Cell => numberCell(text) ?? textCell(text)

const partsFrom = (read: (type: PartType) => string | null) =>
  Object.fromEntries(partTypes.map((type) => [type, read(type)])) as Record<PartType, string | null>

export function rowOfRawSale({ where, cells }: RawSale): SaleRow {
  const time = timeCell(cells['time'])
  return {
    where,
    observedAt: null,
    time: typeof time === 'number' ? time : textCell(cells['time']),
    id: numberOf(cells['id']),
    class: textCell(cells['class']),
    breedCount: numberOf(cells['breedCount']),
    purity: numberOf(cells['purity']),
    ...partsFrom((type) => textCell(cells[type])),
    priceUsd: numberOf(cells['priceUsd']),
    seller: textCell(cells['seller']),
    buyer: textCell(cells['buyer']),
  }
}

/** The sale in an event, or null of any other event and of an egg, which has nothing to be priced by. */
export function rowOfEvent(event: MarketEvent, where: string): SaleRow | null {
  const { kind, value } = payloadOf(event)
  if (kind !== 'Sale' || value.item.parts.length === 0) return null
  const { item, soldAt, priceUsd, seller, buyer } = value
  return {
    where,
    observedAt: event.observedAt,
    time: soldAt,
    id: numberOf(item.tokenId),
    class: item.class,
    breedCount: item.breedCount,
    purity: null,
    ...partsFrom((type) => item.parts.find((id) => id.startsWith(`${type}-`)) ?? null),
    priceUsd: priceUsd === null ? null : numberOf(priceUsd),
    seller,
    buyer,
  }
}

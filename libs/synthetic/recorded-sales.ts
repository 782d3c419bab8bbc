import { partOf, partTypes } from '#lib/axie/parts.ts'
import { payloadOf } from '#lib/market/event.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import type { Sale, SixParts } from '#schemas/types.ts'
import type { SoldAxie } from './sold-axie.ts'

/** The sales of a file, in its order. Throws RejectedError with file and row when it is not one. */
export async function readSoldAxies(path: string): Promise<SoldAxie[]> {
  const sold: SoldAxie[] = []
  for await (const event of readSalesFile(path)) sold.push(soldAxieOf(payloadOf(event).value as Sale))
  return sold
}

const soldAxieOf = ({ item, soldAt, priceUsd }: Sale): SoldAxie => ({
  soldAt,
  tokenId: item.tokenId,
  class: item.class,
  breedCount: item.breedCount,
  // By the table's string where it is the same: the file's own copies would take most of the memory.
  parts: Object.fromEntries(partTypes.map((type, index) => [type, tableString(item.parts[index]!)])) as SixParts,
  priceUsd: Number(priceUsd),
})

const tableString = (id: string): string => {
  const known = partOf(id)?.id
  return known === id ? known : id
}

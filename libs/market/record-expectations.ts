import type { RejectCode } from '#lib/errors/reject-codes.ts'

/** What is asked of every listing and sale of the stream, beyond what cannot be read at all: see read-event.ts. */
export type RecordFacts = Readonly<{
  kind: 'offer' | 'sale'
  tokenId: string
  /** Null where the market did not say. */
  usd: number | null
  /** Null where it was paid in another token. */
  eth: number | null
  seller: string | null
  buyer: string | null
}>

type RecordExpectation = Readonly<{ name: RejectCode; expected: string; holds(facts: RecordFacts): boolean }>

/**
 * Cheap, for each record pays for it. What breaks one becomes a dead letter with the expectation's name, moves no level and is no example,
 * live, in a replay and in training alike. Asks may be absurd (people joke): a sale at an absurd price is a mistake of the source.
 */
export const recordExpectations: readonly RecordExpectation[] = [
  { name: 'id_is_a_number', expected: 'a whole number above 0', holds: ({ tokenId }) => /^[1-9]\d{0,8}$/.test(tokenId) },
  {
    name: 'price_in_range',
    expected: 'a sale from $0.01 to $1,000,000',
    holds: ({ kind, usd }) => kind === 'offer' || usd === null || (usd >= 0.01 && usd <= 1_000_000),
  },
  {
    name: 'dollars_agree_with_ether',
    expected: 'dollars and ether to be of one price ($10 to $100,000 for one ether)',
    holds: ({ usd, eth }) => usd === null || eth === null || (usd >= 10 * eth && usd <= 100_000 * eth),
  },
  {
    name: 'seller_is_not_buyer',
    expected: 'seller and buyer to differ',
    holds: ({ seller, buyer }) => seller === null || seller !== buyer,
  },
]

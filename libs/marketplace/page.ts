import type { RejectCode } from '#lib/errors/reject-codes.ts'

/** What one answer to a list query held. `items` and `rejects` in the order of the list. */
export type Page<Item> = Readonly<{
  items: readonly Item[]
  rejects: readonly Reject[]
  /** Entries of the answer, good, bad and passed over. */
  count: number
  /** Length of the whole list, as the marketplace says. */
  total: number
  /** Wall clock, in milliseconds, when the answer was in our hands. */
  heldAt: number
  /** The market's clock at that moment. */
  marketTime: number
}>

/** An entry that is not what was asked for. The others of its page are kept. */
export type Reject = Readonly<{
  /** The same for the same entry, however often it is read: its listing id, or a hash of what it says. */
  key: string
  code: RejectCode
  /** What was expected and found, with the path. */
  message: string
  /** Null where it does not even say so. */
  tokenId: string | null
  /** The entry as it came, as JSON. */
  raw: string
}>

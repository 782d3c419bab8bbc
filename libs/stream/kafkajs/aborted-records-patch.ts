import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 shows records of aborted transactions to read-committed consumers when transactions of several producers overlap in a
 * partition (no issue is filed; `log-contract.ts` shows it). Its `filterAbortedMessages` takes the broker's list of aborted transactions
 * in the order given, one per message; but the broker lists them as they ended, not as they began, and more than one may begin before
 * the first record of a fetch. It also takes any record with the key 00 00 00 00 for an abort marker.
 *
 * The patch decides before kafkajs does, as Kafka's own consumer: the list ordered by first offset, everything begun up to a record's
 * offset in force, ended by the producer's next control record. Aborted records are handed on as control records, which kafkajs
 * drops but counts: a fetch that holds nothing else must still move the position on.
 */

type Message = { offset: string; isControlRecord: boolean; batchContext: { producerId: string; inTransaction: boolean } }
type Partition = {
  abortedTransactions: { producerId: string; firstOffset: string }[] | null
  highWatermark: string
  lastStableOffset: string
  messages: Message[]
}
type FetchResponse = { responses: { partitions: Partition[] }[] }
type Broker = { fetch(request: { isolationLevel?: number }): Promise<FetchResponse> }

const readCommitted = 1
const { prototype } = kafkajsModule('broker') as { prototype: Broker }
const fetchUnpatched = prototype.fetch

prototype.fetch = async function (this: Broker, request) {
  const response = await fetchUnpatched.call(this, request)
  if (request.isolationLevel !== readCommitted) return response
  for (const partition of response.responses.flatMap(({ partitions }) => partitions)) {
    hideAborted(partition)
    // What a read-committed consumer may come to see; kafkajs computes its lag from the high watermark, open transactions included.
    if (partition.lastStableOffset !== '-1') partition.highWatermark = partition.lastStableOffset
  }
  return response
}

/** Marks aborted records as control records, and leaves kafkajs nothing to decide. */
export function hideAborted(partition: Pick<Partition, 'abortedTransactions' | 'messages'>): void {
  const begun = (partition.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset)
  partition.abortedTransactions = []
  if (begun.length === 0) return
  const aborted = new Set<string>()
  let next = 0
  for (const message of partition.messages) {
    const { producerId, inTransaction } = message.batchContext
    while (next < begun.length && begun[next]!.firstOffset <= Number(message.offset)) aborted.add(begun[next++]!.producerId)
    if (message.isControlRecord) aborted.delete(producerId)
    else if (inTransaction && aborted.has(producerId)) message.isControlRecord = true
  }
}

import type { Codec } from '#lib/codec/codec.ts'
import { FencedError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { itemKey, marketKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Reject } from '#lib/marketplace/page.ts'
import { deadLetter } from '#lib/stream/dead-letter.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import type { TransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { type Traces, traceHeader } from '#lib/telemetry/traces.ts'
import type { CollectorState, MarketEvent } from '#schemas/types.ts'
import { type CollectedEvent, type Decision, initialState } from './decision.ts'

export interface Committer {
  /** As of the last commit. */
  state(): CollectorState
  /**
   * Decides on the newest state, and writes what follows together with it. Resolves when it is durable, with what was decided; many
   * at a time share a transaction. A decision may be taken again, on another state, when it is unknown whether its transaction happened.
   * Rejects with FencedError when another collector has taken over (one whose state is in the log: being fenced alone may be the work of a
   * broker that was away for too long), and with whatever else the writer cannot get over.
   */
  commit(decide: (state: CollectorState) => Decision): Promise<Decision>
}

export type CommitterOptions = Readonly<{
  writer: TransactionalWriter
  codec: Codec
  prefix: string
  /** Traces of live listings, where asked for. */
  traces?: Pick<Traces, 'begin'>
  /** Waits before the writer is opened again. */
  backOff(attempt: number): Promise<void>
  /** All that one transaction held. */
  onCommitted(decision: Decision): void
  onRetry(error: Error): void
}>

type Waiting = Readonly<{
  decide: (state: CollectorState) => Decision
  resolve(decision: Decision): void
  reject(error: unknown): void
}>

const maxRecordBytes = 1_000_000
const startAttempts = 5

/** Takes over from any collector before, and stands where it stood. */
export async function openCommitter(options: CommitterOptions): Promise<Committer> {
  const { writer, codec } = options
  let state = await openState(options, { isStart: true })
  let waiting: Waiting[] = []
  let working = false

  const writeAll = async (group: readonly Waiting[]): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const decisions: Decision[] = []
      let next = state
      for (const { decide } of group) {
        const decision = decide(next)
        decisions.push(decision)
        next = decision.state
      }
      const events = decisions.flatMap((decision) => decision.events)
      const rejects = decisions.flatMap((decision) => decision.rejects)
      try {
        if (next !== state) await writer.write(recordsOf(events, rejects, options), codec.encode('CollectorState', next))
        state = next
        options.onCommitted({ events, rejects, state })
        for (const [index, { resolve }] of group.entries()) resolve(decisions[index]!)
        return
      } catch (error) {
        if (!(error instanceof RetryableError || error instanceof FencedError)) throw error
        // Whether it happened, and whether we are still the one who writes, is in the log: stand where the log stands, and decide again.
        options.onRetry(error)
        await options.backOff(attempt)
        state = await openState(options, { isStart: false })
      }
    }
  }
  const work = async (): Promise<void> => {
    working = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await writeAll(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error)
      })
    }
    working = false
  }
  return {
    state: () => state,
    commit: (decide) =>
      new Promise((resolve, reject) => {
        waiting.push({ decide, resolve, reject })
        if (!working) void work()
      }),
  }
}

async function openState(options: CommitterOptions, { isStart }: { isStart: boolean }): Promise<CollectorState> {
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = await options.writer.open()
      return bytes === null ? initialState(marketKey) : await options.codec.decode('CollectorState', bytes)
    } catch (error) {
      // A start that is fenced while it claims the state met the one before, which looked once more who it is: it will see us now.
      const isFencedStart = error instanceof FencedError && isStart && attempt < startAttempts
      if (!(error instanceof RetryableError || isFencedStart)) throw error
      options.onRetry(error)
      await options.backOff(attempt)
    }
  }
}

type Encoding = Pick<CommitterOptions, 'codec' | 'prefix' | 'traces'>

function recordsOf(events: readonly CollectedEvent[], rejects: readonly Reject[], encoding: Encoding): NewRecord[] {
  return [...events.map((event) => eventRecord(event, encoding)), ...rejects.map((reject) => rejectRecord(reject, encoding))]
}

function eventRecord({ event, collectedAt }: CollectedEvent, { codec, prefix, traces }: Encoding): NewRecord {
  try {
    return {
      topic: topicName(prefix, 'market.events'),
      key: marketKey,
      value: codec.encode('MarketEvent', event),
      ...(collectedAt === null ? {} : { headers: { [collectedAtHeader]: String(collectedAt), ...traceOf(event, traces) } }),
    }
  } catch (error) {
    // What the checks of the client let through must not stop the market.
    if (!(error instanceof RejectedError)) throw error
    const { code, message } = error
    return rejectRecord({ key: event.eventId, code, message, tokenId: null, raw: JSON.stringify(event) }, { codec, prefix })
  }
}

function traceOf({ eventId }: MarketEvent, traces: Encoding['traces']): Record<string, string> {
  const parent = traces?.begin(eventId) ?? null
  return parent === null ? {} : { [traceHeader]: parent }
}

/** The marketplace's own words, under the axie's key where it names one. There was no record before: the topic says so. */
function rejectRecord({ code, message, tokenId, raw }: Reject, { prefix }: Encoding): NewRecord {
  const key = tokenId === null ? marketKey : itemKey(tokenId)
  const record = { topic: 'marketplace', partition: 0, offset: 0, timestamp: 0, key, value: Buffer.from(raw), headers: {} }
  return deadLetter(record, { code, message }, { app: 'collector', topic: topicName(prefix, 'dead-letters'), maxRecordBytes })
}

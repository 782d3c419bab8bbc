import { FencedError } from '#lib/errors/errors.ts'
import type { CommittedOffset, FetchedBatch } from '#lib/stream/log.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import { tellMissing } from '#lib/stream/runtime/runner-metrics.ts'
import type { ShareOptions } from './share.ts'
import { assignedShare, mayResume, next, type ShareEvent, type ShareState } from './share-state.ts'
import type { PartitionSink } from './sink-runner.ts'

/** What a member has in hand of one partition, and the one thing that its sink does about it at a time. */
export interface Hand {
  state(): ShareState
  move(event: ShareEvent): void
  /** Not closed, and the app does not stop: what is queued is to be written. */
  isOurs(): boolean
  take(batch: FetchedBatch): void
  /** Gives a sink that rests the chance to finish what time alone finishes. */
  lookAtIdle(): void
  /** Resolves when the sink is done with what it does now. */
  settled(): Promise<void>
  /** Resolves when the next batch is done. */
  turned(): Promise<void>
}

export function createHand(options: ShareOptions, opening: Promise<PartitionSink>): Hand {
  const { partition, consumer, health, stopping, persevere } = options
  let state = assignedShare
  let working: Promise<void> | null = null
  let turned = Promise.withResolvers<void>()
  const hand: Hand = {
    state: () => state,
    move(event) {
      state = next(state, event)
    },
    isOurs: () => state.type !== 'closed' && !stopping.aborted,
    take(batch) {
      hand.move({ type: 'taken', batch })
      working ??= write()
    },
    lookAtIdle() {
      if (state.type !== 'resting') return
      hand.move({ type: 'idling' })
      working = idle()
    },
    settled: async () => {
      await working
    },
    turned: () => turned.promise,
  }

  /** Writes what is queued, until nothing is. Never rejects. */
  async function write(): Promise<void> {
    try {
      const sink = await opening
      for (let now = state; now.type === 'writing' && hand.isOurs(); now = state) {
        await writeBatch(now.inHand, sink, hand, options)
        hand.move({ type: 'written' })
        turned.resolve()
        turned = Promise.withResolvers()
        if (!mayResume(state) || !hand.isOurs()) continue
        hand.move({ type: 'resumed' })
        consumer.resume(partition)
      }
    } catch (error) {
      giveUp(error, hand, options)
    } finally {
      working = null
      health?.turned(false)
    }
  }

  async function idle(): Promise<void> {
    try {
      const sink = await opening
      if (sink.idle !== undefined && hand.isOurs()) await commit(await persevere(unlessClosed(hand, () => sink.idle!())), hand, options)
    } catch (error) {
      giveUp(error, hand, options)
    } finally {
      working = null
      hand.move({ type: 'idled' })
      if (state.type === 'writing') working = write()
    }
  }

  return hand
}

const unlessClosed =
  <T>(hand: Hand, attempt: () => Promise<T>): (() => Promise<T | null>) =>
  async () =>
    hand.state().type === 'closed' ? null : attempt()

async function writeBatch(batch: FetchedBatch, sink: PartitionSink, hand: Hand, options: ShareOptions): Promise<void> {
  const { partition, group, name, clock, logger, metrics, health, persevere } = options
  const begunAt = clock.monotonic()
  const records = name === undefined ? batch.records : batch.records.filter(({ headers }) => isMeantFor(name, headers))
  if (batch.missing) tellMissing(partition, batch.missing, { logger, metrics, group })
  const write = unlessClosed(hand, () => sink.write({ ...batch, records }))
  const durable = await persevere(() => {
    health?.turned(true)
    return write()
  })
  await commit(durable, hand, options)
  metrics.batch('committed', (clock.monotonic() - begunAt) / 1_000)
  metrics.records('emitted', records.length, '')
  if (records.length < batch.records.length) metrics.records('skipped', batch.records.length - records.length, 'redriven_for_another_group')
}

/** Tried again on its own: the sink has done its work, and asked once more would say that there is nothing new. */
async function commit(position: CommittedOffset | null, hand: Hand, { partition, consumer, persevere }: ShareOptions): Promise<void> {
  if (position === null) return
  await persevere(unlessClosed(hand, () => consumer.commit(partition, position)))
  hand.move({ type: 'committed', offset: position.offset })
}

function giveUp(error: unknown, hand: Hand, { partition, logger, metrics, fail }: ShareOptions): void {
  if (!hand.isOurs()) return
  hand.move({ type: 'closed' })
  if (error instanceof FencedError) {
    metrics.fenced('other')
    logger.warn({ ...partition, problem: error.message }, 'fenced: what was not committed goes to whoever has the partition now')
  } else fail(error)
}

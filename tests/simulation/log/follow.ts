import type { Follower, FollowOptions, LogRecord } from '#lib/stream/log.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'
import { type Broker, keyOf, type Partition } from './broker.ts'

type Fetched = Readonly<{ records: readonly LogRecord[]; nextOffset: number }>

const maxRecordsPerRead = 100

/** Reads partitions without a group, from their beginning or from where `startAt` says, until it is stopped. */
export function followSimulated(
  { scheduler, actor }: { scheduler: Scheduler; broker: Broker; actor: Actor },
  all: readonly Partition[],
  onRecords: (records: readonly LogRecord[]) => void | Promise<void>,
  { partition: only, startAt }: FollowOptions = {},
): Follower {
  const partitions = all.filter(({ tp }) => only === undefined || tp.partition === only)
  const caughtUp = Promise.withResolvers<void>()
  caughtUp.promise.catch(() => {})
  const cancels = new Set<() => void>()
  let stopped = false
  let behind = 0

  function fetch({ storage, waiting, tp }: Partition, position: number): Promise<Fetched | null> {
    let cancelled = false
    return new Promise((resolve) => {
      const cancel = () => {
        cancelled = true
        resolve(null)
      }
      cancels.add(cancel)
      scheduler
        .call<Fetched>(
          actor,
          `follows ${keyOf(tp)}`,
          undefined,
          (answer) => {
            const look = () => {
              if (cancelled || !answer.isWanted()) return
              const read = storage.read(position, Number.POSITIVE_INFINITY, maxRecordsPerRead)
              // Markers and aborted records move a reader on too.
              if (read.nextOffset > position) answer.give(read)
              else waiting.add(look)
            }
            look()
          },
          'steady',
        )
        .then((read) => {
          cancels.delete(cancel)
          resolve(read)
        })
    })
  }

  async function read(partition: Partition, from: number, target: number): Promise<void> {
    for (let position = from; !stopped; ) {
      const fetched = await fetch(partition, position)
      if (fetched === null || stopped) return
      if (fetched.records.length > 0) await onRecords(fetched.records)
      if (position < target && fetched.nextOffset >= target && --behind === 0) caughtUp.resolve()
      position = fetched.nextOffset
    }
  }

  const readings = partitions.map((partition) => {
    const { storage, tp } = partition
    const from = startAt?.({ ...tp, first: storage.first(), next: storage.next() }) ?? storage.first()
    const target = storage.stable()
    if (from < target) behind++
    return { partition, from, target }
  })
  if (behind === 0) caughtUp.resolve()
  const finished = Promise.all(readings.map(({ partition, from, target }) => read(partition, from, target))).then(() => {})
  const stop = async () => {
    stopped = true
    for (const cancel of cancels) cancel()
    cancels.clear()
    await finished
  }
  finished.catch((error) => {
    caughtUp.reject(error)
    stopped = true
  })
  return { caughtUp: caughtUp.promise, finished, stop }
}

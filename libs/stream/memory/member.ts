import { FatalError, FencedError } from '#lib/errors/errors.ts'
import type { BatchHandler, CommittedOffset, Consumer, ConsumerOptions, TopicPartition } from '#lib/stream/log.ts'
import { deliver } from './delivery.ts'
import type { GroupStorage } from './group.ts'
import {
  type Ending,
  type Handover,
  type HandoverEvent,
  handoverOf,
  handoversOf,
  keyOf,
  type MemberEvent,
  type MemberState,
  next,
} from './member-state.ts'
import type { MemoryPartition } from './partition.ts'

/** One member of a group, with the deliveries of its partitions. */
export interface Member {
  readonly topics: readonly string[]
  state(): MemberState
  listen(handler: BatchHandler, onAssignment: Assigned | undefined): void
  begin(share: readonly TopicPartition[], epoch: number): void
  /** Hands no further batches over: for a rebalance, for good, or because the others go on without it. */
  end(event: Ending): void
  /** Resolves when the batches in hand are done. */
  done(): Promise<void>
  /** The same, or when it is expelled: then nobody waits for what it holds any more. */
  doneOrGone(): Promise<void>
  comeBack(): void
  /** No batch in hand, nothing visible left to hand over. */
  isIdle(): boolean
  /** What its owner may do with its partitions. FencedError where one is not assigned. */
  readonly partitions: Pick<Consumer, 'seek' | 'pause' | 'resume' | 'lag' | 'commit'>
}

export type MemberOptions = Readonly<{
  storage: GroupStorage
  consumer: ConsumerOptions
  committed(partition: TopicPartition): CommittedOffset | null
  commit(partition: TopicPartition, position: CommittedOffset): void
  rejoin(): void
  fail(error: unknown): void
}>

type Assigned = (assigned: readonly TopicPartition[], epoch: number) => void

export function createMember(options: MemberOptions): Member {
  const { storage, consumer } = options
  let state: MemberState = { type: 'apart' }
  let handler: BatchHandler = async () => {
    throw new FatalError('a batch before start()')
  }
  let onAssignment: Assigned | undefined
  let deliveries: Promise<void>[] = []
  let busy = 0
  /** Resolves when it is expelled. */
  let gone = Promise.withResolvers<void>()
  let cutBackoff = new AbortController()

  const move = (event: MemberEvent): void => {
    state = next(state, event)
  }
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    busy++
    try {
      return await work()
    } finally {
      busy--
    }
  }
  const done = async (): Promise<void> => {
    await Promise.all(deliveries)
  }

  return {
    topics: consumer.topics,
    state: () => state,
    listen(newHandler, newOnAssignment) {
      handler = newHandler
      onAssignment = newOnAssignment
    },
    begin(share, epoch) {
      cutBackoff = new AbortController()
      move({ type: 'assigned', epoch, handovers: share.map((partition) => beginning(partition, options)) })
      onAssignment?.(share, epoch)
      const { maxBytesPerPartition } = consumer
      const delivery = { ...options, maxBytesPerPartition, handler, state: () => state, move, during, cutShort: cutBackoff.signal }
      deliveries = share.map((partition) => deliver(partition, epoch, delivery))
    },
    end(event) {
      const handovers = handoversOf(state)
      move(event)
      cutBackoff.abort(new Error(event.type))
      if (event.type === 'expelled') gone.resolve()
      for (const { partition } of handovers) storageOf(partition, storage).wake()
    },
    done,
    doneOrGone: () => Promise.race([done(), gone.promise]),
    comeBack() {
      gone = Promise.withResolvers()
      move({ type: 'came back' })
    },
    isIdle: () =>
      busy === 0 &&
      handoversOf(state).every(({ paused, position, partition }) => paused || position >= storageOf(partition, storage).stable()),
    partitions: partitionsOf(() => state, move, options),
  }
}

function partitionsOf(state: () => MemberState, move: (event: MemberEvent) => void, options: MemberOptions): Member['partitions'] {
  const { storage, commit } = options
  const ours = (partition: TopicPartition): MemoryPartition => {
    if (handoverOf(state(), partition) === null) throw new FencedError(`${keyOf(partition)} is not assigned to this member`)
    return storageOf(partition, storage)
  }
  const handedOver = (partition: TopicPartition, event: HandoverEvent): MemoryPartition => {
    const stored = ours(partition)
    move({ type: 'handed over', partition, event })
    return stored
  }
  return {
    seek: (partition, offset) => handedOver(partition, { type: 'sought', offset }).wake(),
    pause: (partition) => void handedOver(partition, { type: 'paused' }),
    resume: (partition) => handedOver(partition, { type: 'resumed' }).wake(),
    lag: () =>
      handoversOf(state()).map(({ partition, position }) => ({
        ...partition,
        records: storageOf(partition, storage).stable() - position,
        position,
      })),
    async commit(partition, position) {
      ours(partition)
      commit(partition, position)
    },
  }
}

const storageOf = ({ topic, partition }: TopicPartition, storage: GroupStorage): MemoryPartition => storage.partitions(topic)[partition]!

function beginning(partition: TopicPartition, { storage, consumer, committed }: MemberOptions): Handover {
  const stored = storageOf(partition, storage)
  const position = committed(partition)?.offset ?? (consumer.from === 'earliest' ? stored.first() : stored.stable())
  return { partition, position, seeks: 0, paused: false, missing: null }
}

import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import { type BackoffOptions, backoffMillis } from '#lib/stream/backoff.ts'
import type {
  BatchHandler,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  FetchedBatch,
  OffsetRange,
  TopicPartition,
} from '#lib/stream/log.ts'
import type { MemoryPartition } from './partition.ts'

/** What a consumer needs of the log it reads. */
export type GroupStorage = Readonly<{
  clock: Clock
  backoff: BackoffOptions
  partitions(topic: string): readonly MemoryPartition[]
  /** Told after every commit, to give memory back where the log is kept only until read. */
  onCommit(partition: TopicPartition): void
}>

export interface MemoryGroup {
  committed(partition: TopicPartition): CommittedOffset | null
  /** The oldest offset this group may still read: what it committed, or all where a subscriber has committed nothing. Null: no reader. */
  needs(partition: TopicPartition): number | null
  commit(partition: TopicPartition, committed: CommittedOffset): void
  consumer(options: ConsumerOptions): Consumer
  /** As when a member falls silent beyond its session: the others go on without it. Frozen, it joins again when it learns of it; dead, never. */
  expel(consumer: Consumer, fate: 'frozen' | 'dead'): void
  /** As when a member joined and left again: everyone finishes the batch in hand and is assigned anew. */
  rebalance(): void
  /** No batch in hand, nothing visible left to hand over. */
  isIdle(): boolean
  members(): number
}

type Handover = {
  readonly tp: TopicPartition
  readonly partition: MemoryPartition
  position: number
  seeks: number
  paused: boolean
  /** Deleted before it was read, and not handed over yet. */
  missing: OffsetRange | null
}

type Member = {
  readonly options: ConsumerOptions
  onAssignment: ((assigned: readonly TopicPartition[], epoch: number) => void) | undefined
  handler: BatchHandler
  epoch: number
  handovers: Map<string, Handover>
  loops: Promise<void>[]
  busy: number
  /** Set while a rebalance or a stop waits for the batches in hand. */
  draining: boolean
  expelled: boolean
  stopped: boolean
  /** Resolves when it is expelled: then nobody waits for what it holds any more. */
  gone: PromiseWithResolvers<void>
  cutBackoff: AbortController
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`
/** Handing over goes on in microtasks alone; this often, timers and sockets get their turn. A count, not a time: runs stay equal. */
const batchesBetweenTurns = 16
const maxRecordsPerBatch = 1_000

export function createMemoryGroup(storage: GroupStorage): MemoryGroup {
  const positions = new Map<string, CommittedOffset>()
  const members = new Set<Member>()
  const known = new WeakMap<Consumer, Member>()
  let generation = 0
  let rebalancing: Promise<void> | null = null
  let again = false

  const committed = (partition: TopicPartition) => positions.get(keyOf(partition)) ?? null
  const commit = (partition: TopicPartition, position: CommittedOffset) => {
    positions.set(keyOf(partition), position)
    storage.onCommit(partition)
  }

  /** Eager, as Kafka's classic protocol: all members finish what they hold, then everything is assigned anew under one new epoch. */
  function rebalance(): Promise<void> {
    again = true
    rebalancing ??= (async () => {
      while (again) {
        again = false
        for (const member of members) drain(member)
        await Promise.all([...members].map(({ loops, gone }) => Promise.race([Promise.all(loops), gone.promise])))
        if (!again) assign()
      }
      rebalancing = null
    })()
    return rebalancing
  }

  function drain(member: Member): void {
    member.draining = true
    member.cutBackoff.abort(new Error('rebalance'))
    for (const { partition } of member.handovers.values()) partition.wake()
  }

  function assign(): void {
    generation++
    const inOrder = [...members]
    const topics = [...new Set(inOrder.flatMap(({ options }) => options.topics))].sort()
    const shares = new Map<Member, TopicPartition[]>(inOrder.map((member) => [member, []]))
    let turn = 0
    for (const topic of topics) {
      const subscribers = inOrder.filter(({ options }) => options.topics.includes(topic))
      storage.partitions(topic).forEach((_, partition) => {
        shares.get(subscribers[turn++ % subscribers.length]!)!.push({ topic, partition })
      })
    }
    for (const [member, share] of shares) begin(member, share)
  }

  function begin(member: Member, share: readonly TopicPartition[]): void {
    member.epoch = generation
    member.draining = false
    member.cutBackoff = new AbortController()
    member.handovers = new Map(share.map((tp) => [keyOf(tp), handoverOf(member, tp)]))
    member.onAssignment?.(share, generation)
    member.loops = [...member.handovers.values()].map((handover) => deliver(member, handover, member.epoch))
  }

  function handoverOf(member: Member, tp: TopicPartition): Handover {
    const partition = storage.partitions(tp.topic)[tp.partition]!
    const beginning = member.options.from === 'earliest' ? partition.first() : partition.stable()
    return { tp, partition, position: committed(tp)?.offset ?? beginning, seeks: 0, paused: false, missing: null }
  }

  /** Hands one partition's batches over, one after the other, until the member drains or is expelled. */
  async function deliver(member: Member, handover: Handover, epoch: number): Promise<void> {
    let failures = 0
    let turns = 0
    const isOurs = () => !member.expelled && member.epoch === epoch
    while (isOurs() && !member.draining) {
      const batch = fetch(member, handover, epoch)
      if (batch === null) {
        await handover.partition.grown(handover.paused ? Number.POSITIVE_INFINITY : handover.position)
        continue
      }
      if (++turns % batchesBetweenTurns === 0) await new Promise((resolve) => setImmediate(resolve))
      const { seeks } = handover
      member.busy++
      try {
        await member.handler(batch)
        failures = 0
        if (isOurs() && handover.seeks === seeks) {
          handover.position = batch.nextOffset
          handover.missing = null
        }
      } catch (error) {
        if (!(error instanceof RetryableError || error instanceof FencedError)) return fail(member, error)
        const { signal } = member.cutBackoff
        await storage.clock.sleep(backoffMillis(++failures, storage.clock, storage.backoff), signal).catch(() => {})
        if (error instanceof FencedError) break
      } finally {
        member.busy--
      }
    }
    // Fenced: join again, which waits for this very loop, so do not wait for it here. An expelled member's way back is under way already.
    if (!member.draining && !member.expelled) void join(member)
  }

  function fetch(member: Member, handover: Handover, epoch: number): FetchedBatch | null {
    const { partition, tp, seeks } = handover
    if (handover.paused) return null
    const first = partition.first()
    if (handover.position < first) handover.missing = { from: handover.missing?.from ?? handover.position, to: first }
    const position = Math.max(handover.position, first)
    const { records, nextOffset } = partition.read(position, member.options.maxBytesPerPartition ?? 1_048_576, maxRecordsPerBatch)
    if (records.length === 0) {
      handover.position = nextOffset
      return null
    }
    const belongs = () => !member.expelled && member.epoch === epoch
    return {
      ...tp,
      records,
      position: handover.position,
      missing: handover.missing,
      nextOffset,
      remaining: partition.stable() - nextOffset,
      epoch,
      isCurrent: () => belongs() && handover.seeks === seeks,
      heartbeat: async () => {
        if (!belongs()) throw new FencedError(`no longer a member that owns ${keyOf(tp)}`)
      },
    }
  }

  async function join(member: Member): Promise<void> {
    member.draining = true
    await Promise.all(member.loops)
    if (member.stopped) return
    if (member.expelled) member.gone = Promise.withResolvers()
    member.expelled = false
    members.add(member)
    await rebalance()
  }

  function leave(member: Member): void {
    member.stopped = true
    if (!members.delete(member)) return
    drain(member)
    if (members.size > 0) void rebalance()
  }

  const failures = new WeakMap<Member, (error: unknown) => void>()
  function fail(member: Member, error: unknown): void {
    leave(member)
    failures.get(member)?.(error)
  }

  function consumer(options: ConsumerOptions): Consumer {
    const finished = Promise.withResolvers<void>()
    finished.promise.catch(() => {})
    const handoverFor = (tp: TopicPartition) => {
      const handover = member.expelled ? undefined : member.handovers.get(keyOf(tp))
      if (handover === undefined) throw new FencedError(`${keyOf(tp)} is not assigned to this member`)
      return handover
    }
    const self: Consumer = {
      finished: finished.promise,
      async start(handler, onAssignment) {
        for (const topic of options.topics) storage.partitions(topic)
        member.handler = handler
        member.onAssignment = onAssignment
        members.add(member)
        await rebalance()
      },
      seek(tp, offset) {
        const handover = handoverFor(tp)
        handover.position = offset
        handover.missing = null
        handover.seeks++
        handover.partition.wake()
      },
      pause: (tp) => {
        handoverFor(tp).paused = true
      },
      resume(tp) {
        const handover = handoverFor(tp)
        handover.paused = false
        handover.partition.wake()
      },
      lag: () =>
        [...member.handovers.values()].map(({ tp, partition, position }) => ({ ...tp, records: partition.stable() - position, position })),
      async commit(tp, position) {
        handoverFor(tp)
        commit(tp, position)
      },
      async stop() {
        leave(member)
        await Promise.all(member.loops)
        finished.resolve()
      },
    }
    const member: Member = {
      options,
      onAssignment: undefined,
      handler: async () => {
        throw new FatalError('a batch before start()')
      },
      epoch: 0,
      handovers: new Map(),
      loops: [],
      busy: 0,
      draining: false,
      expelled: false,
      stopped: false,
      gone: Promise.withResolvers(),
      cutBackoff: new AbortController(),
    }
    failures.set(member, finished.reject)
    known.set(self, member)
    return self
  }

  return {
    committed,
    needs: (partition) =>
      committed(partition)?.offset ?? ([...members].some(({ options }) => options.topics.includes(partition.topic)) ? 0 : null),
    commit,
    consumer,
    expel(expelled, fate) {
      const member = known.get(expelled)
      if (member === undefined) throw new FatalError('only a consumer of this group can be expelled from it')
      members.delete(member)
      member.expelled = true
      member.stopped = fate === 'dead'
      member.gone.resolve()
      member.cutBackoff.abort(new Error('expelled'))
      for (const { partition } of member.handovers.values()) partition.wake()
      if (members.size > 0) void rebalance()
      void join(member)
    },
    rebalance: () => void rebalance(),
    isIdle: () =>
      rebalancing === null &&
      [...members].every(
        ({ busy, handovers }) =>
          busy === 0 && [...handovers.values()].every(({ paused, position, partition }) => paused || position >= partition.stable()),
      ),
    members: () => members.size,
  }
}

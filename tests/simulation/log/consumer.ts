import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { BatchHandler, Consumer, ConsumerOptions, FetchedBatch, OffsetRange, TopicPartition } from '#lib/stream/log.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'
import { type Broker, keyOf, type Partition } from './broker.ts'
import type { Assignment, Member } from './group.ts'

/** What a member believes about a partition of its own. The group may have given it to another long ago. */
type Handover = {
  readonly partition: Partition
  position: number | null
  seeks: number
  paused: boolean
  /** Deleted before it was read, and not handed over yet. */
  missing: OffsetRange | null
  /** Ends the fetch under way. */
  cancel(): void
}

type Fetched = Pick<FetchedBatch, 'records' | 'position' | 'missing' | 'nextOffset' | 'remaining'>

const maxRecordsPerBatch = 1_000

/** A member of a group, as a client library keeps one: it knows of the group only what it was told. */
export function createSimulatedConsumer(
  { scheduler, broker, actor }: { scheduler: Scheduler; broker: Broker; actor: Actor },
  options: ConsumerOptions,
  onMember: (group: string, member: Member) => void,
): Consumer {
  const clock = scheduler.clockOf(actor)
  const group = broker.group(options.group)
  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => {})
  let handler: BatchHandler = async () => {
    throw new FatalError('a batch before start()')
  }
  let onAssignment: (assigned: readonly TopicPartition[], epoch: number) => void = () => {}
  let epoch = 0
  /** Told to join again after this generation. */
  let over = -1
  let handovers = new Map<string, Handover>()
  let loops: Promise<void>[] = []
  let cut = new AbortController()
  let rejoining: Promise<void> | null = null
  /** What it is told meanwhile counts for the assignment that comes. */
  let joining = true
  let stopped = false

  const member: Member = {
    actor,
    topics: options.topics,
    onRebalance(generation) {
      over = Math.max(over, generation)
      if (!joining && epoch <= over) void rejoin()
    },
  }

  const isDraining = () => stopped || epoch <= over

  async function join(): Promise<void> {
    joining = true
    const assignment = await scheduler.call<Assignment>(actor, 'joins', undefined, (answer) => group.join(member, answer), 'steady')
    joining = false
    if (!stopped) begin(assignment)
  }

  function begin({ generation, share }: Assignment): void {
    epoch = generation
    cut = new AbortController()
    handovers = new Map(share.map((tp) => [keyOf(tp), handoverOf(tp)]))
    onAssignment(share, generation)
    loops = [...handovers.values()].map((handover) => deliver(handover, generation))
    if (epoch <= over) void rejoin()
  }

  const handoverOf = ({ topic, partition }: TopicPartition): Handover => ({
    partition: broker.topic(topic)[partition]!,
    position: null,
    missing: null,
    seeks: 0,
    paused: false,
    cancel() {},
  })

  /** What is in hand is finished first. */
  function rejoin(): Promise<void> {
    over = Math.max(over, epoch)
    cut.abort(new Error('rebalance'))
    for (const handover of handovers.values()) handover.cancel()
    rejoining ??= Promise.all(loops).then(async () => {
      rejoining = null
      if (!stopped) await join()
    })
    return rejoining
  }

  async function deliver(handover: Handover, generation: number): Promise<void> {
    const isOurs = () => epoch === generation && !isDraining()
    const { tp } = handover.partition
    if (handover.position === null) {
      const { seeks } = handover
      const committed = await scheduler.call<number | null>(
        actor,
        `asks where ${keyOf(tp)} stands`,
        undefined,
        (answer) => answer.give(group.offsets.get(keyOf(tp))?.offset ?? null),
        'steady',
      )
      if (handover.seeks === seeks) handover.position = committed ?? beginning(handover.partition)
    }
    while (isOurs()) {
      const { seeks } = handover
      const fetched = await fetch(handover)
      if (fetched === null || !isOurs() || handover.seeks !== seeks) continue
      await handOver(batchOf(handover, fetched, generation), handover)
    }
  }

  const beginning = ({ storage }: Partition) => (options.from === 'earliest' ? storage.first() : storage.stable())

  /** Null: the client had reason to ask anew. */
  function fetch(handover: Handover): Promise<Fetched | null> {
    const { storage, waiting, tp } = handover.partition
    const label = `fetches ${keyOf(tp)}`
    if (handover.paused) {
      return new Promise((resolve) => {
        handover.cancel = () => resolve(null)
      })
    }
    let cancelled = false
    return new Promise((resolve) => {
      handover.cancel = () => {
        cancelled = true
        resolve(null)
      }
      scheduler
        .call<Fetched>(
          actor,
          label,
          undefined,
          (answer) => {
            const look = () => {
              if (cancelled || !answer.isWanted()) return
              const position = handover.position!
              const { records, nextOffset } = storage.read(position, options.maxBytesPerPartition ?? 1_048_576, maxRecordsPerBatch)
              const first = storage.first()
              if (position < first) handover.missing = { from: handover.missing?.from ?? position, to: first }
              const { missing } = handover
              if (records.length > 0)
                return answer.give({ records, position, missing, nextOffset, remaining: storage.stable() - nextOffset })
              handover.position = nextOffset
              waiting.add(look)
            }
            look()
          },
          'steady',
        )
        .then(resolve)
    })
  }

  function batchOf({ partition: { tp }, seeks }: Handover, fetched: Fetched, generation: number): FetchedBatch {
    const handover = handovers.get(keyOf(tp))!
    return {
      ...tp,
      ...fetched,
      epoch: generation,
      isCurrent: () => epoch === generation && handover.seeks === seeks && handovers.get(keyOf(tp)) === handover,
      heartbeat: () =>
        epoch === generation
          ? scheduler.call<void>(actor, 'heartbeat', undefined, (answer) =>
              group.isMember(member, generation)
                ? answer.give()
                : answer.fail(new FencedError(`no longer a member that owns ${keyOf(tp)}`)),
            )
          : Promise.reject(new FencedError(`no longer a member that owns ${keyOf(tp)}`)),
    }
  }

  /** Hands the same batch over until it is done, or no longer ours to do. */
  async function handOver(batch: FetchedBatch, handover: Handover): Promise<void> {
    for (let failures = 0; batch.isCurrent(); ) {
      try {
        await handler(batch)
        if (batch.isCurrent()) {
          handover.position = batch.nextOffset
          handover.missing = null
        }
        return
      } catch (error) {
        if (error instanceof FencedError) return void rejoin()
        if (!(error instanceof RetryableError)) return fail(error)
        await clock.sleep(backoffMillis(++failures, clock), cut.signal).catch(() => {})
        if (isDraining()) return
      }
    }
  }

  function fail(error: unknown): void {
    stopped = true
    cut.abort(new Error('failed'))
    for (const handover of handovers.values()) handover.cancel()
    finished.reject(error)
  }

  const handoverFor = (tp: TopicPartition): Handover => {
    const handover = handovers.get(keyOf(tp))
    if (handover === undefined) throw new FencedError(`${keyOf(tp)} is not assigned to this member`)
    return handover
  }

  return {
    finished: finished.promise,
    async start(handle, assigned = () => {}) {
      handler = handle
      onAssignment = assigned
      for (const topic of options.topics) broker.topic(topic)
      onMember(options.group, member)
      await join()
    },
    seek(tp, offset) {
      const handover = handoverFor(tp)
      handover.position = offset
      handover.missing = null
      handover.seeks++
      handover.cancel()
    },
    pause(tp) {
      const handover = handoverFor(tp)
      handover.paused = true
      handover.cancel()
    },
    resume(tp) {
      const handover = handoverFor(tp)
      handover.paused = false
      handover.cancel()
    },
    lag: () =>
      [...handovers.values()].map(({ partition: { tp, storage }, position }) => ({
        ...tp,
        records: storage.stable() - (position ?? storage.stable()),
        position,
      })),
    async commit(tp, position) {
      handoverFor(tp)
      const generation = epoch
      await scheduler.call<void>(actor, `commits ${keyOf(tp)}`, position, (answer) => {
        try {
          group.commit(member, generation, tp, position)
          answer.give()
        } catch (error) {
          answer.fail(error as Error)
        }
      })
    },
    async stop() {
      if (stopped) return finished.promise.catch(() => {})
      stopped = true
      cut.abort(new Error('stopped'))
      for (const handover of handovers.values()) handover.cancel()
      await Promise.all(loops)
      await scheduler.call<void>(
        actor,
        'leaves',
        undefined,
        (answer) => {
          group.leave(member)
          answer.give()
        },
        'steady',
      )
      finished.resolve()
    },
  }
}

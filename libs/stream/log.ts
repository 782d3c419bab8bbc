/**
 * The log port: what flipstream needs from an event log with partitions, consumer groups and transactions.
 * Adapters: `memory/` (tests, backtests, embedded start) and `kafkajs/` (Kafka). One contract suite runs on both.
 *
 * Offsets are JavaScript numbers: exact up to 2^53, which no partition reaches. Adapters must fail on larger ones.
 */

export type Headers = Readonly<Record<string, string>>

export type TopicPartition = Readonly<{ topic: string; partition: number }>

/** A header as it lies in the log. */
export type HeaderBytes = readonly [name: string, value: Buffer | null]

/**
 * The bytes of what `key` and `headers` cannot say as text: a key that is no UTF-8; headers of which some are no UTF-8, have no value, or
 * one name (all of them then, in their order). It is there only where text and bytes differ, and goes where the record goes.
 */
export type RawParts = Readonly<{ key?: Buffer; headers?: readonly HeaderBytes[] }>

/** Offsets from `from` on, up to and without `to`. */
export type OffsetRange = Readonly<{ from: number; to: number }>

/** A record as read. `timestamp` is the log's (wall-clock milliseconds when it was appended). */
export type LogRecord = TopicPartition &
  Readonly<{ offset: number; timestamp: number; key: string | null; value: Buffer | null; headers: Headers; raw?: RawParts }>

/**
 * A record to be written. The key decides the partition (murmur2, as Kafka's default) unless `partition` is set. What is in `raw` is
 * written in place of the text.
 */
export type NewRecord = Readonly<{
  topic: string
  key: string
  value: Buffer | null
  headers?: Headers
  partition?: number
  raw?: RawParts
}>

/** Where a group stands in a partition: the next offset to process, and what the processor wants to remember with it. */
export type CommittedOffset = Readonly<{ offset: number; metadata: string }>

/** Records of one partition, in offset order, read committed (never of an aborted or open transaction). */
export type FetchedBatch = TopicPartition &
  Readonly<{
    records: readonly LogRecord[]
    /** Where this batch begins: no visible record lies between here and the first record. Equals the `nextOffset` before it, or a `seek`. */
    position: number
    /**
     * Offsets of this batch's way that the log had deleted before this reader came to them (retention passed it): from `position`, or what
     * was read of it, up to where the log begins now. They will never come. Null: none.
     */
    missing: OffsetRange | null
    /** Where the next batch begins: past the last record, and past any markers fetched behind it. */
    nextOffset: number
    /** Records visible behind this batch when it was fetched, at least (markers may be counted in): for lag and for telling "caught up". */
    remaining: number
    /** Changes whenever the member's assignment changes. State and producers made under another epoch are void. */
    epoch: number
    /** False once the member was rebalanced or expelled, or sought elsewhere: then no side effect may follow. A stop lets the batch finish. */
    isCurrent(): boolean
    /**
     * Tells the group that this member lives, when it is time to; throws `FencedError` when it no longer belongs.
     * A rebalance under way is no error: the partition is still ours until this batch is done.
     */
    heartbeat(): Promise<void>
  }>

export type BatchHandler = (batch: FetchedBatch) => Promise<void>

export type ConsumerOptions = Readonly<{
  group: string
  topics: readonly string[]
  /** Where a group without a committed offset begins. */
  from: 'earliest' | 'latest'
  /** Milliseconds after which a silent member is expelled. Kafka: session.timeout.ms. */
  sessionTimeoutMillis?: number
  /** The most bytes per partition and fetch. Kafka: max.partition.fetch.bytes. */
  maxBytesPerPartition?: number
}>

/** One member of a consumer group. Batches of one partition come one after the other; partitions run side by side. */
export interface Consumer {
  /**
   * Joins and delivers batches until `stop`. The position advances past a batch only when its handler resolves and has not sought.
   * A handler that rejects with RetryableError or FencedError: the batch is delivered again after a back-off (after a rejoin when fenced).
   * Any other rejection ends the consumer: the promise `finished` rejects with it.
   */
  start(handler: BatchHandler, onAssignment?: (assigned: readonly TopicPartition[], epoch: number) => void): Promise<void>
  /** Resolves after `stop`, rejects on a fatal error. */
  readonly finished: Promise<void>
  /** The next batch of this partition starts here. Only for assigned partitions. */
  seek(partition: TopicPartition, offset: number): void
  /** Pauses deliveries of a partition without losing membership (a slow sink). A new assignment is not paused. */
  pause(partition: TopicPartition): void
  resume(partition: TopicPartition): void
  /**
   * Visible records not yet handed over, by assigned partition, as of the newest fetch. A transaction's marker at the very end
   * counts until it is fetched, which takes a moment and no new record: idle means zero. `position`: no visible record before it is
   * yet to be done by the handler, markers passed included; null before the first fetch.
   */
  lag(): ReadonlyArray<TopicPartition & Readonly<{ records: number; position: number | null }>>
  /** For groups without transactions: commits after the side effect is durable. FencedError when the partition is no longer ours. */
  commit(partition: TopicPartition, position: CommittedOffset): Promise<void>
  /** Finishes the batch in hand, leaves the group. Idempotent. */
  stop(): Promise<void>
}

/**
 * A producer fenced by its transactional id: creating and `fence()`-ing a second one with the same id makes every later call of the
 * first fail with FencedError, and settles (aborts, or completes) the transaction it left open.
 */
export interface TransactionalProducer {
  /** Takes the id over. Must be called before the first transaction; after it, committed offsets of the group are final. */
  fence(): Promise<void>
  /**
   * One transaction: records and the input position, all or nothing.
   * Others may see it a moment after this resolves; whoever fences the id next sees how it ended.
   * `beforeCommit` runs last: a throw there aborts. RetryableError = nothing known: drop this producer, fence a new one, re-read the offset.
   */
  commitTransaction(transaction: {
    records: readonly NewRecord[]
    position?: { group: string; partition: TopicPartition; committed: CommittedOffset }
    beforeCommit?: () => Promise<void>
  }): Promise<void>
  close(): Promise<void>
}

/** Idempotent, not transactional: resolved = durable; after an error the records may or may not be there. */
export interface Producer {
  send(records: readonly NewRecord[]): Promise<void>
  close(): Promise<void>
}

/** `replicas`: null, or left out, is what the brokers have as their default. */
export type TopicSettings = Readonly<{
  topic: string
  partitions: number
  replicas?: number | null
  config?: Readonly<Record<string, string>>
}>

/** How a topic is now. `config`: every setting in force, the brokers' defaults among them, as far as this log has any. */
export type TopicDescription = Readonly<{ topic: string; partitions: number; replicas: number; config: Readonly<Record<string, string>> }>

export interface LogAdmin {
  /** Creates what is missing and leaves what exists. Waits until leaders are elected. */
  createTopics(topics: readonly TopicSettings[]): Promise<void>
  deleteTopics(topics: readonly string[]): Promise<void>
  listTopics(): Promise<string[]>
  /** Describes those that exist; the others are left out. */
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>
  partitionCount(topic: string): Promise<number>
  /** First and next offset of each partition. */
  offsets(topic: string): Promise<ReadonlyArray<{ partition: number; first: number; next: number }>>
  committed(group: string, partition: TopicPartition): Promise<CommittedOffset | null>
  /**
   * Whether the topic was deleted and made anew since the group committed its position there, or since this log was first asked: its
   * offsets mean other records now. False where the log cannot tell. Asked before a commit, it lets that commit say which topic it is about.
   */
  madeAnew(group: string, partition: TopicPartition): Promise<boolean>
  listGroups(): Promise<string[]>
  deleteGroups(groups: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface Log {
  consumer(options: ConsumerOptions): Consumer
  transactionalProducer(transactionalId: string): TransactionalProducer
  producer(): Producer
  admin(): LogAdmin
  /**
   * Reads topics without a group, from their beginning or from where `options` say, and follows them until `stop` (compacted tables,
   * observers, tails). `caughtUp` resolves when everything that was visible at the call has been handed over. `onRecords` may take its
   * time: the next records of a partition come when it is done. After a lost connection some may come a second time.
   */
  follow(
    topics: readonly string[],
    onRecords: (records: readonly LogRecord[]) => void | Promise<void>,
    options?: FollowOptions,
  ): Promise<Follower>
  /** Resolves when the log answers; FatalError within 10 s, with the addresses and what to do, when it does not. For start-up. */
  checkReachable(): Promise<void>
  close(): Promise<void>
}

export type FollowOptions = Readonly<{
  /** Only this partition of each topic. Default: all. */
  partition?: number
  /** The offset to begin at, for each partition with records between `first` and `next`. Default: `first`. */
  startAt?: (partition: TopicPartition & Readonly<{ first: number; next: number }>) => number
}>

export type Follower = Readonly<{
  caughtUp: Promise<void>
  /** Resolves after `stop`; rejects when reading ends for good or `onRecords` throws. */
  finished: Promise<void>
  stop(): Promise<void>
}>

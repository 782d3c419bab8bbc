import type { Clock } from '#lib/clock/clock.ts'
import { consumers } from '#lib/market/consumers.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import type { LogAdmin, TopicPartition } from '#lib/stream/log.ts'
import type { Timeline, Waiting } from './timeline.ts'

/** How far a stage is behind the newest record of its input. */
export type StageLag = Readonly<{ app: string; input: TopicName; started: boolean }> & Waiting

export type BrokerState = Readonly<{ answers: boolean; since: number; problem: string | null }>

/** Whatever else it archives, that is what must not be lost. */
const watched = [...consumers, { app: 'archiver', input: 'market.events' }] as const

export type PipelineWatch = Readonly<{
  broker(): BrokerState
  lags(): readonly StageLag[]
  /** Asks the log once. Never rejects: a log that does not answer is what it tells. */
  look(): Promise<void>
}>

export type PipelineWatchOptions = Readonly<{
  admin: Pick<LogAdmin, 'committed'>
  prefix: string
  clock: Clock
  /** One for each partition that records were read from. */
  timelines(topic: TopicName): ReadonlyMap<number, Timeline>
  partitions(topic: TopicName): number
  /** A log that takes longer counts as not answering. */
  timeoutMillis: number
}>

export function createPipelineWatch(options: PipelineWatchOptions): PipelineWatch {
  const { admin, prefix, clock, timelines, partitions, timeoutMillis } = options
  let broker: BrokerState = { answers: true, since: clock.now(), problem: null }
  let lags: readonly StageLag[] = watched.map((consumer) => ({ ...consumer, started: false, records: 0, seconds: 0, atLeast: false }))

  const lagOf = async ({ app, input }: (typeof watched)[number]): Promise<StageLag> => {
    const waiting: Waiting[] = []
    let started = false
    for (let partition = 0; partition < partitions(input); partition++) {
      const place: TopicPartition = { topic: topicName(prefix, input), partition }
      const committed = await admin.committed(`${prefix}${app}`, place)
      started ||= committed !== null
      const timeline = timelines(input).get(partition)
      if (timeline !== undefined) waiting.push(timeline.waiting(committed?.offset ?? 0))
    }
    return {
      app,
      input,
      started,
      records: waiting.reduce((sum, { records }) => sum + records, 0),
      seconds: Math.max(0, ...waiting.map(({ seconds }) => seconds)),
      atLeast: waiting.some(({ atLeast }) => atLeast),
    }
  }

  const set = (answers: boolean, problem: string | null) => {
    broker = { answers, since: broker.answers === answers ? broker.since : clock.now(), problem }
  }

  return {
    broker: () => broker,
    lags: () => lags,
    async look() {
      const cut = new AbortController()
      const late = clock.sleep(timeoutMillis, cut.signal).then(() => {
        throw new Error(`no answer within ${timeoutMillis / 1_000} s`)
      })
      try {
        lags = await Promise.race([Promise.all(watched.map(lagOf)), late])
        set(true, null)
      } catch (error) {
        set(false, (error as Error).message)
      } finally {
        late.catch(() => {})
        cut.abort()
      }
    },
  }
}

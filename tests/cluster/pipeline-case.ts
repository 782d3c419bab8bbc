import { systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { localBucket } from '#lib/running/backend.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import type { StackAddresses } from '#lib/stack/addresses.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createFeed, feedRecord } from '../market-feed.ts'
import { createPipeline, type Pipeline } from '../pipeline.ts'
import { type PipelineHistory, readPipelineHistory } from '../pipeline-history.ts'
import { runCommand } from '../run-command.ts'
import type { KafkaCluster } from './kafka-cluster.ts'

export type PipelineCase = Readonly<{
  cluster: KafkaCluster
  servers: StackAddresses
  prefix: string
  listings: number
  perSecond: number
  /** One broker after the other is killed, and back two seconds later. */
  brokerEveryMillis: number
  /** One app after the other is killed, and started again at once. Default: none. */
  appEveryMillis?: number
  /** Beside the stages: the archiver, among the apps that are killed; in the end its archive is proven. Default: none. */
  archived?: boolean
}>

/** `archive`: the last words of `flipstream archive verify`; null where there is no archive. */
export type PipelineCaseResult = PipelineHistory & Readonly<{ brokersKilled: number; appsKilled: number; archive: string | null }>

const awayMillis = 2_000
const patienceMillis = 300_000
const settledMillis = 3_000
const sessionTimeoutMillis = '6000'

/** Listings flow through all stages, each written once, while brokers and apps are killed; then everything that is there is checked. */
export async function runPipelineCase(options: PipelineCase): Promise<PipelineCaseResult> {
  const { cluster, servers, prefix, brokerEveryMillis, appEveryMillis, archived = false } = options
  const names = archived ? [...pricingStages, 'archiver'] : pricingStages
  const pipeline = await createPipeline({ servers, prefix, onProgress: console.error })
  try {
    const start = (name: string) => pipeline.start(name, { SESSION_TIMEOUT_MILLISECONDS: sessionTimeoutMillis })
    const apps: AppProcess[] = names.map(start)
    await pipeline.ready(apps)
    const flowing = new AbortController()
    const killingBrokers = again(brokerEveryMillis, flowing.signal, async (turn) => {
      const broker = cluster.brokers[turn % cluster.brokers.length]!
      await broker.kill()
      await systemClock.sleep(awayMillis)
      await broker.start()
    })
    const killingApps = again(appEveryMillis ?? null, flowing.signal, async (turn) => {
      const place = turn % apps.length
      apps[place]!.child.kill('SIGKILL')
      await apps[place]!.exited
      apps[place] = start(names[place]!)
    })
    await feedListings(pipeline, options)
    flowing.abort()
    const [brokersKilled, appsKilled] = await Promise.all([killingBrokers, killingApps])
    await untilScored(pipeline, options.listings)
    const archive = archived ? await proveArchive(servers, prefix) : null
    return { ...(await readPipelineHistory(pipeline.backend, { brokers: cluster.addresses, prefix })), brokersKilled, appsKilled, archive }
  } finally {
    await pipeline.close()
  }
}

async function again(everyMillis: number | null, signal: AbortSignal, act: (turn: number) => Promise<void>): Promise<number> {
  if (everyMillis === null) return 0
  for (let turn = 0; ; turn++) {
    await systemClock.sleep(everyMillis, signal).catch(() => {})
    if (signal.aborted) return turn
    await act(turn)
  }
}

/** As the collector writes: each event with the place after it in one transaction, so that none is there twice whatever the brokers do. */
async function feedListings({ prefix, backend, playFrom }: Pipeline, { listings, perSecond }: PipelineCase): Promise<void> {
  const feed = createFeed({ start: playFrom, historyHours: 24, listings, everyMillis: 1_000, askShare: 0.45 })
  await backend.codec.prepare(['MarketEvent'])
  const events = [...feed.history, ...feed.listings]
  const writer = createTransactionalWriter({
    log: backend.log,
    clock: systemClock,
    logger: createLogger('feed', 'silent'),
    transactionalId: `${prefix}feed`,
    state: { topic: topicName(prefix, 'collector.state'), key: 'feed' },
  })
  const begun = systemClock.monotonic()
  for (let next: number | null = null; next === null || next < events.length; await systemClock.sleep(20)) {
    try {
      next ??= Number((await writer.open()) ?? 0)
      const due = Math.min(events.length, feed.history.length + Math.floor(((systemClock.monotonic() - begun) * perSecond) / 1_000))
      const end = Math.min(due, next + 200)
      if (end === next) continue
      const records = events.slice(next, end).map((event) => feedRecord(backend.codec, prefix, event, systemClock.now()))
      await writer.write(records, Buffer.from(String(end)))
      next = end
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      next = null
      await systemClock.sleep(200)
    }
  }
  await writer.close()
}

/** As many as there are listings, and then no more for a while; given up where none comes. */
async function untilScored({ prefix, backend }: Pipeline, listings: number): Promise<void> {
  let [count, newest] = [0, systemClock.monotonic()]
  const follower = await backend.log.follow([topicName(prefix, 'listings.scored')], (records) => {
    count += records.length
    newest = systemClock.monotonic()
  })
  const idleMillis = () => systemClock.monotonic() - newest
  while (idleMillis() < (count < listings ? patienceMillis : settledMillis)) await systemClock.sleep(100)
  await follower.stop()
}

/** The archiver may still be busy with the last records. */
async function proveArchive(servers: StackAddresses, prefix: string): Promise<string> {
  const archive = `s3://${localBucket}/${prefix.replace(/\.$/, '')}`
  for (const deadline = systemClock.monotonic() + patienceMillis; ; await systemClock.sleep(2_000)) {
    const { code, stdout, stderr } = await runCommand(servers, ['archive', 'verify', '--archive', archive])
    if (code === 0) return stdout.trim().split('\n').at(-1)!
    if (systemClock.monotonic() > deadline) throw new Error(`the archive is not proven:\n${stdout}${stderr}`)
  }
}

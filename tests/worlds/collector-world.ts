import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { collectorSettings } from '#app/collector/config.ts'
import { app } from '#app/collector/main.ts'
import type { AppContext, RunningApp } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { createManualClock, systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import type { SchemaRegistry } from '#lib/codec/registry.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import { type MarketPayload, payloadOf } from '#lib/market/event.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { createHealth, type Health } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics, type Metrics } from '#lib/telemetry/metrics.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { type StartedSimulator, startedSimulator } from './started-simulator.ts'

/** For tests: the whole collector, a simulated market whose time the test moves, and what a reader of the topics sees. */

export type StartedCollector = RunningApp &
  Readonly<{
    health: Health
    metrics: Metrics
    logged: readonly Record<string, unknown>[]
    /** Live events written, of a kind. */
    count(kind: MarketPayload['kind']): Promise<number>
  }>

export type StillMarket = Readonly<{
  simulator: StartedSimulator
  pass(minutes: number): void
  /** Resolves when the collector has asked for everything again and again, and nothing followed. */
  settled(): Promise<void>
}>

/** Nothing but news: the sweep and the checks never come to rest. */
export const newsOnly = { SWEEP_MILLISECONDS: '0', ASK_CHECK_MILLISECONDS: '0' }

export function createWorld({
  log,
  registry,
  prefix = '',
  store = createMemoryStore(),
}: {
  log: Log
  registry: SchemaRegistry
  prefix?: string
  store?: ObjectStore
}) {
  const recordsOf = async (topic: TopicName): Promise<LogRecord[]> => {
    const found: LogRecord[] = []
    const follower = await log.follow([topicName(prefix, topic)], (records) => void found.push(...records))
    await follower.caughtUp
    await follower.stop()
    return found
  }
  return {
    recordsOf,
    store,

    async events(): Promise<MarketEvent[]> {
      const codec = createCodec({ registry })
      const records = await recordsOf('market.events')
      // As apps do: a registry that does not answer in time, here because this process is busy, is asked again.
      return Promise.all(records.map(({ value }) => untilAvailable(async () => codec.decode('MarketEvent', value!))))
    },

    async startCollector(simulator: StartedSimulator, env: Record<string, string> = {}, on: Log = log): Promise<StartedCollector> {
      const logged: Record<string, unknown>[] = []
      const [health, metrics] = [createHealth({ clock: systemClock }), createMetrics('collector')]
      const logger = createLogger('collector', 'info', { write: (line) => void logged.push(JSON.parse(line)) })
      const shared = { clock: systemClock, logger, metrics, health, codec: createCodec({ registry }), store }
      const context: AppContext<typeof collectorSettings> = { ...shared, config: configFor(simulator, env), prefix, log: on }
      const running = await app.start(context)
      // A killed one never ends: what it waits for does not come.
      onTestFinished(() => Promise.race([running.stop(), pause(200)]))
      const count = async (kind: MarketPayload['kind']) => (await metrics.snapshot()).values[`events_total{kind=${kind},origin=live}`] ?? 0
      return { ...running, health, metrics, logged, count }
    },

    async stillMarket(env: Record<string, string> = {}): Promise<StillMarket> {
      const clock = createManualClock(Date.parse('2026-11-23T00:00:00Z'))
      const simulator = await startedSimulator({ SIMULATOR_SPEED: '1000', SIMULATOR_HISTORY_DAYS: '0.3', ...env }, clock)
      const answered = async (): Promise<number> => (await simulator.stats()).answers['200'] ?? 0
      const statesWritten = async (): Promise<number> =>
        (await log.admin().offsets(topicName(prefix, 'collector.state'))).reduce((sum, { next }) => sum + next, 0)
      const isQuiet = async (): Promise<boolean> => {
        const [states, answers] = [await statesWritten(), await answered()]
        await until('a few more answers', async () => (await answered()) > answers + 60)
        return states > 0 && (await statesWritten()) === states
      }
      return {
        simulator,
        pass: (minutes) => clock.advanceTo(clock.now() + minutes * 60),
        settled: () => until('nothing new', isQuiet),
      }
    },
  }
}

const configFor = (simulator: StartedSimulator, env: Readonly<Record<string, string>>) =>
  parseConfig(
    { ...commonSettings, ...collectorSettings },
    {
      // The log, the registry and the store come with the context.
      KAFKA_BROKERS: 'none:1',
      SCHEMA_REGISTRY_URL: 'http://none',
      S3_ENDPOINT: 'http://none',
      S3_ACCESS_KEY: 'none',
      S3_SECRET_KEY: 'none',
      MARKETPLACE_URL: `${simulator.url}/graphql`,
      LEADERBOARD_URL: `${simulator.url}/leaderboard`,
      AXIE_API_KEY: 'simulated',
      MARKET_SOURCE: 'synthetic',
      MARKET_TIME_HEADER: 'x-market-time',
      POLL_MILLISECONDS: '20',
      SALES_POLL_MILLISECONDS: '20',
      SWEEP_MILLISECONDS: '50',
      ASK_CHECK_MILLISECONDS: '20',
      REQUESTS_PER_SECOND: '1000',
      ...env,
    },
  )

export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedAt > 90_000) throw new Error(`not within 90 s: ${what}`)
    await pause(20)
  }
}

export const ofKind = (all: readonly MarketEvent[], kind: MarketPayload['kind']) => all.filter((event) => payloadOf(event).kind === kind)

/** No event is there twice. */
export const expectOnce = (all: readonly MarketEvent[]): void => expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(all.length)

import { setFlagsFromString } from 'node:v8'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger, type Logger } from '#lib/telemetry/logger.ts'
import { createMetrics, labelsOfRun, type Metrics } from '#lib/telemetry/metrics.ts'
import { startStatusServer } from '#lib/telemetry/status-server.ts'
import { createTraces } from '#lib/telemetry/traces.ts'
import type { App, AppListening } from './app.ts'
import { commonSettings, settingsWithoutStore } from './common-settings.ts'
import { type Config, ConfigError, describeSettings, parseConfig, type Settings } from './config.ts'
import { exitCodes } from './exit-codes.ts'
import { type KafkaSecurity, kafkaSecurity } from './kafka-security.ts'

const drainMillis = 10_000
/**
 * How much more than what is in use after a full collection the heap may take before the next, percent. Left alone, V8 lets a busy process
 * have up to three times as much more, as far as the machine allows: the archiver took 300 MB instead of 220, for the same speed.
 */
const heapGrowthPercent = 80

/**
 * Runs one app as this process until it is told to stop (SIGTERM, SIGINT, or its parent's end) or cannot go on. Returns the exit code.
 * A stop drains: the batch in hand is finished and committed, then everything closes in reverse order; after 10 s it is cut short.
 */
export async function runApp<S extends Settings>(
  app: App<S>,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const settings = { ...commonSettings, ...(app.usesStore === undefined ? {} : settingsWithoutStore), ...app.settings }
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(
      `flipstream ${app.name}: ${app.summary}\n\nConfigured by environment variables (name, default, meaning):\n${describeSettings(settings)}\n`,
    )
    return exitCodes.done
  }
  if (argv.length > 0)
    return usage(`flipstream ${app.name} takes no arguments (got ${argv.join(' ')}); it is configured by environment variables, see --help`)

  let config: Config<typeof commonSettings> & Config<S>
  let security: KafkaSecurity
  try {
    config = parseConfig(settings, env) as typeof config
    security = kafkaSecurity(config)
  } catch (error) {
    if (error instanceof ConfigError)
      return usage(`flipstream ${app.name} cannot start:\n${error.message}\nSee flipstream ${app.name} --help`)
    throw error
  }

  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`)
  const logger = createLogger(app.name, config.LOG_LEVEL)
  const metrics = createMetrics(app.name, labelsOfRun(config.PREFIX))
  const health = createHealth({ clock: systemClock, hangSeconds: config.HANG_SECONDS })
  metrics.gauge('build_info', 'Which code this process runs: 1.', ['version'])(1, { version: config.CODE_VERSION })
  metrics.reading('ready', 'Whether this app can do its work: 1, or 0. Its /readyz says what it waits for.', () =>
    Number(health.report().ready),
  )
  const closers: (() => Promise<void>)[] = []
  try {
    // What an app waits for is known only once it has started: until then it is not ready.
    health.expect('started')
    const status = await startStatusServer({ host: config.HTTP_HOST, port: config.HTTP_PORT, health, metrics })
    closers.push(status.close)
    process.send?.({ type: 'listening', app: app.name, url: status.url } satisfies AppListening)
    const log = createKafkajsLog({
      brokers: config.KAFKA_BROKERS,
      clientId: `${config.PREFIX}${app.name}`,
      ...security,
      logger,
      sessionTimeoutMillis: config.SESSION_TIMEOUT_MILLISECONDS,
    })
    closers.push(log.close)
    await log.checkReachable()
    const codec = createCodec({
      registry: createRegistry({ url: config.SCHEMA_REGISTRY_URL }),
      onWait(problem, attempt) {
        health.set('started', false, problem)
        logger.warn({ problem, attempt }, 'waiting for the schema registry')
      },
    })
    const store = createS3Store({
      endpoint: config.S3_ENDPOINT,
      region: config.S3_REGION,
      bucket: config.S3_BUCKET,
      accessKey: config.S3_ACCESS_KEY,
      secretKey: config.S3_SECRET_KEY,
    })
    const traces = tracesOf(app.name, config, { logger, metrics })
    if (traces !== undefined) closers.push(traces.close)
    const stopping = stopSignal()
    const running = await app.start({
      config,
      prefix: config.PREFIX,
      clock: systemClock,
      logger,
      metrics,
      health,
      log,
      codec,
      store,
      ...(traces && { traces }),
    })
    health.set('started', true)
    logger.info({ status: status.url }, 'started')
    const reason = await Promise.race([stopping, running.finished.then(() => 'finished' as const)])
    logger.info({ reason }, 'stopping')
    await withinDrainTime(running.stop().then(() => running.finished))
    await withinDrainTime(closeAll(closers))
    logger.info('stopped')
    return exitCodes.done
  } catch (error) {
    logger.error({ err: error }, (error as Error).message)
    await withinDrainTime(closeAll(closers)).catch(() => {})
    return exitCodes.failed
  }
}

function tracesOf(app: string, config: Config<typeof commonSettings>, { logger, metrics }: { logger: Logger; metrics: Metrics }) {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === null) return undefined
  const onDropped = metrics.counter('spans_dropped_total', 'Spans that the collector of traces did not take.')
  return createTraces({ endpoint, ratio: config.OTEL_TRACES_SAMPLER_ARG, app, clock: systemClock, logger, onDropped })
}

function usage(message: string): number {
  process.stderr.write(`${message}\n`)
  return exitCodes.usage
}

/** A parent that dies takes its channel with it: an app it started must not live on as an orphan. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('the parent process ended'))
  })
}

async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  for (const close of closers.reverse()) await close()
}

async function withinDrainTime<T>(work: Promise<T>): Promise<T> {
  const cut = new AbortController()
  const late = systemClock.sleep(drainMillis, cut.signal).then(() => {
    throw new Error(`not drained within ${drainMillis / 1_000} s: cut short; what was not committed will be done again by the next start`)
  })
  return Promise.race([work, late]).finally(() => {
    late.catch(() => {})
    cut.abort(new Error('drained'))
  })
}

import { apps } from '#app/apps.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { StartApp } from '#lib/running/app-handle.ts'
import type { Log } from '#lib/stream/log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics, labelsOfRun } from '#lib/telemetry/metrics.ts'

export type EmbeddedOptions = Readonly<{
  environment: Readonly<Record<string, string>>
  prefix: string
  log: Log
  codec: Codec
  store: ObjectStore
}>

/** Variables that name servers, of which there are none: an app never sees them, it is handed the parts. */
const noServers = {
  KAFKA_BROKERS: 'embedded',
  SCHEMA_REGISTRY_URL: 'http://embedded',
  S3_ENDPOINT: 'http://embedded',
  S3_ACCESS_KEY: 'embedded',
  S3_SECRET_KEY: 'embedded',
}

/** All apps inside this process, on the memory log: for machines with neither Java nor Docker. The same code, the same records. */
export function embeddedStarter({ environment, prefix, log, codec, store }: EmbeddedOptions): StartApp {
  return (name, { settings = {} } = {}) => {
    const metrics = createMetrics(name, labelsOfRun(prefix))
    const health = createHealth({ clock: systemClock })
    const start = async () => {
      const definition = apps[name]
      if (definition === undefined) throw new Error(`no app ${name}`)
      const app = await definition.load()
      const config = parseConfig({ ...commonSettings, ...app.settings }, { ...environment, ...settings, ...noServers, PREFIX: prefix })
      const logger = createLogger(name, config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL)
      return app.start({ config: config as never, prefix, clock: systemClock, logger, metrics, health, log, codec, store })
    }
    const running = start()
    const exited = running
      .then(({ finished }) => finished)
      .then(
        () => 'finished',
        (error: Error) => error.message,
      )
    return {
      name,
      ended: exited.then((sentence) => ({ sentence, blame: 'own' as const })),
      started: running.then(() => {}),
      exited,
      metrics: metrics.snapshot,
      exposition: metrics.prometheus,
      health: async () => health.report(),
      stop: async () => (await running).stop(),
      // What runs inside this process cannot be ended from outside; one that hangs takes us with it anyway.
      kill: () => {},
      lastLogLines: () => '(its log lines are above)',
    }
  }
}

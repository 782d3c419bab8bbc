import { type AppContext, defineApp } from '#lib/app/app.ts'
import { topicName } from '#lib/market/topics.ts'
import { createRunnerMetrics } from '#lib/stream/runner-metrics.ts'
import { createSinkRunner } from '#lib/stream/sink-runner.ts'
import type { Alert } from '#schemas/types.ts'
import { createAlertSink, type NotifyOutcome } from './alert-sink.ts'
import { formatCard, formatJson, formatLine } from './card.ts'
import { settings } from './config.ts'
import { createIntents, type Intents } from './intents.ts'

/** The terminal is one place where alerts are shown; what was shown there says nothing of other channels. */
const channel = 'console'

/** The service level objective: 99 of 100 alerts are here within so long (k8s/components/monitoring/rules.yaml). */
const objectiveMillis = 1_000

/** Of a dead letter: any broker takes so much. */
const maxRecordBytes = 1_000_000

export const app = defineApp({
  name: 'notifier',
  summary: 'tells people of alerts, each at most once: cards in the terminal',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, prefix, log, codec, clock, logger, metrics, health } = context
    await codec.prepare(['Notification'])
    const producer = log.producer()
    const intents = config.CARD_FORMAT === 'none' ? noIntents : createIntents({ log, producer, codec, prefix, channel })
    const seen = metrics.latency('listing_to_alert', 'From the collector holding the answer to the alert read here.', {
      objectiveMillis,
    })
    const outcomes = metrics.counter('notifications_total', 'Alerts, by what became of them.', ['outcome'])
    const sink = createAlertSink({
      codec,
      intents,
      producer,
      deadLetters: topicName(prefix, 'dead-letters'),
      maxRecordBytes,
      clock,
      show: showOn(process.stdout, config),
      onSeen: seen.record,
      onOutcome(outcome: NotifyOutcome) {
        outcomes(1, { outcome })
        if (outcome === 'unknown') logger.warn('an earlier run may or may not have shown an alert: it is not shown again')
      },
    })
    const runner = createSinkRunner({
      name: 'notifier',
      log,
      clock,
      logger,
      group: `${prefix}notifier`,
      topics: [topicName(prefix, 'alerts')],
      async open() {
        await intents.load()
        return sink
      },
      metrics: createRunnerMetrics(metrics),
      health,
    })
    await runner.start()
    return {
      finished: runner.finished,
      async stop() {
        await runner.stop()
        await producer.close()
      },
    }
  },
})

/** Where nothing is shown, nothing needs to be remembered. */
const noIntents: Intents = { load: async () => {}, statusOf: () => undefined, record: async () => {} }

function showOn(
  stdout: NodeJS.WriteStream,
  config: AppContext<typeof settings>['config'],
): (alert: Alert, latencyMillis: number | null) => void {
  const automatic = config.NO_COLOR === null && stdout.isTTY === true
  const color = config.CARD_COLOR === 'auto' ? automatic : config.CARD_COLOR === 'always'
  return (alert, latencyMillis) => {
    const columns = stdout.columns ?? config.COLUMNS
    if (config.CARD_FORMAT === 'card') stdout.write(formatCard(alert, { columns, color, latencyMillis }))
    else if (config.CARD_FORMAT === 'line') stdout.write(formatLine(alert, { color }))
    else if (config.CARD_FORMAT === 'json') stdout.write(formatJson(alert))
  }
}

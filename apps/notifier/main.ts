import { type AppContext, defineApp, type RunningApp } from '#lib/app/app.ts'
import { countUnreadable } from '#lib/codec/decode-known.ts'
import { followControls, silenceOf } from '#lib/decisions/controls.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { untilOneFails } from '#lib/stream/awaited-later.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import type { Alert } from '#schemas/types.ts'
import { createAlertRunner } from './alert-runner.ts'
import { formatCard, formatJson, formatLine } from './card.ts'
import { settings } from './config.ts'
import { createAlertSink } from './delivery/alert-sink.ts'
import { createIntents, type Intents } from './delivery/intents.ts'
import { limitsOf, openTradingDesk } from './trading-desk.ts'

/** The terminal is one place where alerts are shown; what was shown there says nothing of other channels. */
const channel = 'console'

export const app = defineApp({
  name: 'notifier',
  summary: 'tells people of alerts, each at most once: on Discord, by a webhook, or as cards in the terminal',
  settings,
  usesStore: false,
  async start(context: AppContext<typeof settings>) {
    const { DISCORD_TOKEN, DISCORD_CHANNELS, DISCORD_WEBHOOKS, WEBHOOK_URL } = context.config
    if (DISCORD_TOKEN !== null && DISCORD_CHANNELS === null)
      throw new FatalError('DISCORD_TOKEN is set, DISCORD_CHANNELS is not: name at least default=<channel id>')
    // Loaded only where it is used: the terminal has no need of a Discord client.
    if (DISCORD_TOKEN !== null || DISCORD_WEBHOOKS !== null || WEBHOOK_URL !== null)
      return (await import('./outlet-notifier.ts')).startOutletNotifier(context)
    return startTerminalNotifier(context)
  },
})

async function startTerminalNotifier(context: AppContext<typeof settings>): Promise<RunningApp> {
  const { config, prefix, log, codec, clock } = context
  await codec.prepare(['Notification', 'Position'])
  const producer = log.producer()
  const unreadable = countUnreadable(context.metrics)
  const controls = await followControls({ log, codec, prefix, onUnreadable: unreadable('controls') })
  const intents =
    config.CARD_FORMAT === 'none'
      ? noIntents
      : createIntents({ log, producer, codec, prefix, channel, writer: clock.uniqueId(), onUnreadable: unreadable('notifications') })
  const show = showOn(process.stdout, config)
  const trading = await openTradingDesk({
    ...{ log, producer, codec, prefix, clock, limits: limitsOf(config), onUnreadable: unreadable('positions') },
    onTrouble: (problem) => context.logger.warn({ problem }, 'positions'),
  })
  const silenced = (alert: Alert) => silenceOf(controls.state(), alert) ?? trading.beyondLimit(alert)
  /** One for all partitions: what it has shown and not yet recorded outlives an assignment. */
  let sink: PartitionSink | undefined
  const runner = createAlertRunner(context, {
    producer,
    intents: [intents],
    createSink(basis) {
      sink ??= createAlertSink({ ...basis, intents, clock, show, silenced })
      return sink
    },
  })
  await runner.start()
  return {
    finished: untilOneFails(runner, [trading]),
    async stop() {
      await runner.stop()
      await trading.stop()
      await controls.stop()
      await intents.close()
      await producer.close()
    },
  }
}

/** Where nothing is shown, nothing needs to be remembered. */
const noIntents: Intents = {
  load: async () => {},
  find: () => undefined,
  owns: () => false,
  since: () => [],
  claim: async (entries) => new Set(entries.map(({ alertId }) => alertId)),
  record: async () => {},
  close: async () => {},
}

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

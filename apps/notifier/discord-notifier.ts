import type { AppContext, RunningApp } from '#lib/app/app.ts'
import { countUnreadable } from '#lib/codec/decode-known.ts'
import { type Controls, controlRecord, followControls, type Silence, silenceOf } from '#lib/decisions/controls.ts'
import { itemKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Limits } from '#lib/positions/limits.ts'
import type { Producer } from '#lib/stream/log.ts'
import type { Alert, ControlKind } from '#schemas/types.ts'
import { createAlertRunner } from './alert-runner.ts'
import { type ChannelDesk, createChannelDesk } from './channel-desk.ts'
import { defaultChannel, type settings } from './config.ts'
import type { AnswerContext } from './discord-answers.ts'
import { type DiscordBot, startDiscordBot } from './discord-bot.ts'
import { createDiscordSink } from './discord-sink.ts'
import type { Buttons } from './embed.ts'
import { openFreshness } from './freshness.ts'
import { createIntents } from './intents.ts'
import { watchNotices } from './notices.ts'
import { type OutcomeWatch, watchOutcomes } from './outcome-watch.ts'
import { createBotPoster, createWebhookPoster, type Poster } from './poster.ts'
import { priceAnswer, whyAnswer } from './price-answer.ts'
import { mainAccount, openTradingDesk, type TradingDesk } from './trading-desk.ts'

type Context = AppContext<typeof settings>

const idleMillis = 250

/** Alerts to Discord: by a bot, with buttons, commands and edits, or by webhooks, with links. */
export async function startDiscordNotifier(context: Context, { posters, buttons }: Posters = createPosters(context)): Promise<RunningApp> {
  const { config, prefix, log, codec, clock, logger, metrics, health } = context
  await codec.prepare(['Notification', 'AlertFeedback', 'Control', 'Position'])
  const producer = log.producer()
  const unreadable = countUnreadable(metrics)
  const defaultPoster = posters.get(defaultChannel)!
  const byName = new Map([...posters.values()].map((poster) => [poster.name, poster]))
  const intents = createIntents({
    writer: clock.uniqueId(),
    ...{ log, producer, codec, prefix, channel: defaultPoster.name, isOurs: isDiscord },
    onUnreadable: unreadable('notifications'),
  })
  const controls = await followControls({ log, codec, prefix, onUnreadable: unreadable('controls') })
  const freshness = await openFreshness(context)
  const trading = await openTradingDesk({
    ...{ log, producer, codec, prefix, clock },
    limits: limitsOf(config),
    onUnreadable: unreadable('positions'),
  })
  const edits = metrics.counter('notifications_edited_total', 'Messages that were edited because the listing is gone.')
  const requested = metrics.latency('alert_to_request', 'From the alert in its topic to the request to Discord.')
  await intents.load()
  const watch = await watchOutcomes({
    log,
    codec,
    prefix,
    intents,
    posters: byName,
    defaultPoster,
    clock,
    isKilled: () => controls.state().killed !== null,
    onEdited: () => edits(),
    sellPosition: trading.seen,
    onUnreadable: unreadable('outcomes'),
    onTrouble: (problem) => logger.warn({ problem }, 'Discord'),
  })

  const notices = await watchNotices({
    ...{ log, codec, prefix, intents, clock },
    poster: defaultPoster,
    isKilled: () => controls.state().killed !== null,
    onTrouble: (problem) => logger.warn({ problem }, 'Discord'),
  })

  const desks = new Map([...posters].map(([channel, poster]) => [channel, deskOf(channel, poster)]))
  function deskOf(channel: string, poster: Poster): ChannelDesk {
    const condition = `posting to ${poster.name}`
    return createChannelDesk({
      poster,
      buttons,
      intents,
      clock,
      silence: (alert) => silenceOf(controls.state(), alert) ?? beyondLimit(alert),
      silenceChanged: () => controls.changed(),
      isStillThere: freshness.isStillThere,
      onPosting: ({ appendedAt }) => requested.record(clock.now() - appendedAt),
      onTrouble(problem) {
        health.set(condition, problem === null, problem ?? 'ok')
        if (problem !== null) logger.warn({ channel, problem }, 'Discord')
      },
    })
  }

  function beyondLimit(alert: Alert): Silence | null {
    const passed = trading.limitPassed(alert)
    return passed === null ? null : { type: 'limit', reason: passed.reason }
  }

  const stopping = new AbortController()
  const runner = createAlertRunner(context, {
    producer,
    intents,
    idleMillis,
    createSink: (basis) =>
      createDiscordSink({
        ...basis,
        clock,
        stopping: stopping.signal,
        deskFor: ({ channel }) => desks.get(channel ?? defaultChannel) ?? desks.get(defaultChannel)!,
        onSettled: watch.posted,
      }),
  })
  const bot = config.DISCORD_TOKEN === null ? null : startBot(context, config.DISCORD_TOKEN, { producer, controls, watch, trading })
  await runner.start()
  const finished = Promise.race([
    runner.finished,
    controls.finished.then(() => runner.finished),
    watch.finished.then(() => runner.finished),
    trading.finished.then(() => runner.finished),
    notices.finished.then(() => runner.finished),
    ...[...desks.values()].map((desk) => desk.finished.then(() => runner.finished)),
    ...(bot === null ? [] : [bot.finished.then(() => runner.finished)]),
  ])
  finished.catch(() => {})
  return {
    finished,
    async stop() {
      stopping.abort()
      await bot?.stop()
      await Promise.all([...desks.values()].map((desk) => desk.stop()))
      await runner.stop()
      await watch.stop()
      await trading.stop()
      await notices.stop()
      await controls.stop()
      await freshness.close()
      await intents.close()
      await producer.close()
    },
  }
}

const limitsOf = (config: Context['config']): Limits => ({
  bankroll: config.LIMIT_BANKROLL,
  perTrade: config.LIMIT_PER_TRADE,
  perDay: config.LIMIT_PER_DAY,
  maxOpen: config.LIMIT_MAX_OPEN,
  perClass: config.LIMIT_PER_CLASS,
  perSeller: config.LIMIT_PER_SELLER,
  perRule: config.LIMIT_PER_RULE,
})

const isDiscord = (channel: string): boolean => /^(discord|webhook):/.test(channel)

/** Where alerts are posted, by the channel that a rule names. */
export type Posters = Readonly<{ posters: ReadonlyMap<string, Poster>; buttons: Buttons }>

function createPosters({ config }: Context): Posters {
  const options = { apiUrl: config.DISCORD_API_URL, timeoutMillis: config.DISCORD_TIMEOUT_MILLISECONDS }
  const { DISCORD_TOKEN: token, DISCORD_CHANNELS: channels, DISCORD_WEBHOOKS: webhooks } = config
  const each = <Value>(values: ReadonlyMap<string, Value>, create: (value: Value) => Poster) =>
    new Map([...values].map(([channel, value]) => [channel, create(value)]))
  if (token !== null && channels !== null)
    return { posters: each(channels, (channelId) => createBotPoster({ ...options, token, channelId })), buttons: 'interactive' }
  return { posters: each(webhooks!, (webhook) => createWebhookPoster({ ...options, webhook })), buttons: 'links' }
}

function startBot(
  { config, prefix, codec, clock, logger, health }: Context,
  token: string,
  { producer, controls, watch, trading }: { producer: Producer; controls: Controls; watch: OutcomeWatch; trading: TradingDesk },
): DiscordBot {
  const condition = 'Discord gateway'
  const priceApi = { url: config.PRICE_API_URL, token: config.PRICE_API_TOKEN }
  health.expect(condition)
  const answers: AnswerContext = {
    async feedback(alertId, kind, by, isOpinion) {
      const value = codec.encode('AlertFeedback', { alertId, kind, by, isOpinion, at: clock.now() })
      const tokenId = alertId.split(':')[1] ?? alertId
      await producer.send([{ topic: topicName(prefix, 'alerts.feedback'), key: itemKey(tokenId), value }])
    },
    async control(kind: ControlKind, subject: string | null, by: string) {
      const held = controls.changed()
      await producer.send([controlRecord(codec, prefix, { kind, subject, by, reason: null, at: clock.now() })])
      // What is said next is true: our own posting has heard of it.
      await held
    },
    accountOf: ({ id, mayOperate }) => config.TRADERS.get(id) ?? (mayOperate ? mainAccount : null),
    bought: trading.bought,
    sold: trading.sold,
    stats: () => watch.stats(),
    price: (axieId) => priceAnswer(priceApi, axieId),
    why: (axieId) => whyAnswer(priceApi, axieId),
  }
  return startDiscordBot({
    token,
    apiUrl: config.DISCORD_API_URL,
    channelIds: new Set(config.DISCORD_CHANNELS?.values()),
    operators: config.DISCORD_OPERATORS,
    answers,
    clock,
    logger,
    onTrouble: (problem) => health.set(condition, problem === null, problem ?? 'ok'),
  })
}

import type { AppContext, RunningApp } from '#lib/app/app.ts'
import { countUnreadable } from '#lib/codec/decode-known.ts'
import { type Controls, controlRecord, followControls, type Silence, silenceOf } from '#lib/decisions/controls.ts'
import { itemKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Limits } from '#lib/positions/limits.ts'
import type { Producer } from '#lib/stream/log.ts'
import type { Alert, ControlKind } from '#schemas/types.ts'
import { createAlertRunner } from './alert-runner.ts'
import { defaultChannel, type settings } from './config.ts'
import { type ChannelDesk, createChannelDesk } from './delivery/channel-desk.ts'
import { createDeskSink } from './delivery/desk-sink.ts'
import { createIntents, type Intents } from './delivery/intents.ts'
import type { AnswerContext } from './discord-answers.ts'
import { type DiscordBot, startDiscordBot } from './discord-bot.ts'
import { alertMessage, type Buttons, digestMessage, type Message, newsMessage } from './embed.ts'
import { type Freshness, openFreshness } from './freshness.ts'
import type { Announce } from './news.ts'
import { watchNotices } from './notices.ts'
import { type OutcomeWatch, watchOutcomes } from './outcome-watch.ts'
import { followPaper } from './paper-watch.ts'
import { createBotPoster, createWebhookPoster, type Poster } from './poster.ts'
import { priceAnswer, whyAnswer } from './price-answer.ts'
import { mainAccount, openTradingDesk, type TradingDesk } from './trading-desk.ts'

type Context = AppContext<typeof settings>

const idleMillis = 250

/** Alerts to Discord: by a bot, with buttons, commands and edits, or by webhooks, with links. */
export async function startDiscordNotifier(context: Context, { posters, buttons }: Posters = createPosters(context)): Promise<RunningApp> {
  const { config, prefix, log, codec, clock, logger, metrics } = context
  await codec.prepare(['Notification', 'AlertFeedback', 'Control', 'Position'])
  const producer = log.producer()
  const unreadable = countUnreadable(metrics)
  const shared = { log, producer, codec, prefix, clock }
  const intents = createIntents({
    ...shared,
    writer: clock.uniqueId(),
    channel: posters.get(defaultChannel)!.name,
    isOurs: isDiscord,
    onUnreadable: unreadable('notifications'),
  })
  const controls = await followControls({ ...shared, onUnreadable: unreadable('controls') })
  const freshness = await openFreshness(context)
  const trading = await openTradingDesk({ ...shared, limits: limitsOf(config), onUnreadable: unreadable('positions') })
  await intents.load()
  const desks = createDesks(context, { posters, buttons, intents, controls, freshness, trading })
  const desk = desks.get(defaultChannel)!
  const paper = await followPaper({ ...shared, onUnreadable: unreadable('paper.trades') })
  const announce: Announce = (news) =>
    desk.announce({ id: news.id, expiresAt: news.expiresAt, message: (reference) => newsMessage(news, reference) })
  const edited = metrics.counter('notifications_edited_total', 'Messages that were edited because the listing is gone.')
  const watch = await watchOutcomes({
    ...{ ...shared, intents, announce },
    posters: new Map([...posters.values()].map((poster) => [poster.name, poster])),
    isKilled: () => controls.state().killed !== null,
    onEdited: () => edited(),
    sellPositions: trading.seen,
    positions: trading.positions,
    paperTrades: paper.trades,
    onUnreadable: unreadable('outcomes'),
    onTrouble: (problem) => logger.warn({ problem }, 'Discord'),
  })
  const notices = await watchNotices({ ...shared, announce })
  const stopping = new AbortController()
  const runner = createAlertRunner(context, {
    producer,
    intents,
    idleMillis,
    createSink: (basis) =>
      createDeskSink({
        ...{ ...basis, clock, stopping: stopping.signal, onSettled: watch.posted },
        deskFor: ({ channel }) => desks.get(channel ?? defaultChannel) ?? desk,
      }),
  })
  const bot = config.DISCORD_TOKEN === null ? null : startBot(context, config.DISCORD_TOKEN, { producer, controls, watch, trading })
  await runner.start()
  const parts = [controls, watch, trading, paper, notices, ...desks.values(), ...(bot === null ? [] : [bot])]
  return {
    finished: untilOneEnds(runner, parts),
    async stop() {
      stopping.abort()
      await bot?.stop()
      await Promise.all([...desks.values()].map((each) => each.stop()))
      for (const part of [runner, watch, trading, paper, notices, controls]) await part.stop()
      for (const part of [freshness, intents, producer]) await part.close()
    },
  }
}

/** Rejects as soon as a part does. A part that ends in order is stopping, as the runner is then. */
function untilOneEnds(runner: Part, parts: readonly Part[]): Promise<void> {
  const finished = Promise.race([runner.finished, ...parts.map((part) => part.finished.then(() => runner.finished))])
  finished.catch(() => {})
  return finished
}

type Part = Readonly<{ finished: Promise<void> }>

type DesksOptions = Posters & Readonly<{ intents: Intents; controls: Controls; freshness: Freshness; trading: TradingDesk }>

/** One for each channel: one that waits does not hold back the others. */
function createDesks(
  { clock, logger, metrics, health }: Context,
  { posters, buttons, intents, controls, freshness, trading }: DesksOptions,
): ReadonlyMap<string, ChannelDesk<Message>> {
  const requested = metrics.latency('alert_to_request', 'From the alert in its topic to the request to Discord.')
  const beyondLimit = (alert: Alert): Silence | null => {
    const passed = trading.limitPassed(alert)
    return passed === null ? null : { type: 'limit', reason: passed.reason }
  }
  const deskOf = (channel: string, place: Poster): ChannelDesk<Message> => {
    const condition = `posting to ${place.name}`
    return createChannelDesk({
      ...{ place, intents, clock },
      message: (alert, reference) => alertMessage(alert, { reference, buttons }),
      digest: digestMessage,
      silence: (alert) => silenceOf(controls.state(), alert) ?? beyondLimit(alert),
      silenceNotices: () => (controls.state().killed === null ? null : { type: 'drop', reason: 'the kill switch is on' }),
      silenceChanged: () => controls.changed(),
      isStillThere: freshness.isStillThere,
      onPosting: ({ appendedAt }) => requested.record(clock.now() - appendedAt),
      onTrouble(problem) {
        health.set(condition, problem === null, problem ?? 'ok')
        if (problem !== null) logger.warn({ channel, problem }, 'Discord')
      },
    })
  }
  return new Map([...posters].map(([channel, poster]) => [channel, deskOf(channel, poster)]))
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

import type { AppContext, RunningApp } from '#lib/app/app.ts'
import { countUnreadable } from '#lib/codec/decode-known.ts'
import { type Controls, controlRecord, followControls } from '#lib/decisions/controls.ts'
import { itemKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { untilOneFails } from '#lib/stream/awaited-later.ts'
import type { Producer } from '#lib/stream/log.ts'
import type { ControlKind } from '#schemas/types.ts'
import { createAlertRunner } from './alert-runner.ts'
import type { settings } from './config.ts'
import { createDeskSink } from './delivery/desk-sink.ts'
import type { AnswerContext } from './discord-answers.ts'
import { type DiscordBot, startDiscordBot } from './discord-bot.ts'
import { createDiscordOutlet, createPosters, type OutletOptions, type Posters } from './discord-outlet.ts'
import { openFreshness } from './freshness.ts'
import type { Announce } from './news.ts'
import { watchNotices } from './notices.ts'
import { type OutcomeWatch, watchOutcomes } from './outcome-watch.ts'
import { createDeskBasis, type Outlet } from './outlet.ts'
import { followPaper } from './paper-watch.ts'
import { priceAnswer, whyAnswer } from './price-answer.ts'
import { limitsOf, mainAccount, openTradingDesk, type TradingDesk } from './trading-desk.ts'
import { createWebhookOutlet } from './webhook-outlet.ts'

type Context = AppContext<typeof settings>

const idleMillis = 250

/**
 * Alerts to people and to programs: to Discord, by a bot (buttons, commands, edits) or by webhooks (links), and as signed JSON to an address
 * of ours. Each outlet tells every alert, and remembers for itself what it told.
 */
export async function startOutletNotifier(context: Context, posters: Posters | null = createPosters(context)): Promise<RunningApp> {
  const { config, prefix, log, codec, clock, logger, metrics } = context
  await codec.prepare(['Notification', 'AlertFeedback', 'Control', 'Position'])
  const producer = log.producer()
  const unreadable = countUnreadable(metrics)
  const shared = { log, producer, codec, prefix, clock }
  const controls = await followControls({ ...shared, onUnreadable: unreadable('controls') })
  const freshness = await openFreshness(context)
  const trading = await openTradingDesk({
    ...shared,
    limits: limitsOf(config),
    onUnreadable: unreadable('positions'),
    onTrouble: (problem) => logger.warn({ problem }, 'positions'),
  })
  const basisOf = createDeskBasis(context, { controls, freshness, trading })
  const outlets = createOutlets(context, posters, {
    intents: { ...shared, writer: clock.uniqueId(), onUnreadable: unreadable('notifications') },
    basisOf,
  })
  await Promise.all(outlets.map(({ intents }) => intents.load()))
  const paper = await followPaper({ ...shared, onUnreadable: unreadable('paper.trades') })
  const announce: Announce = (news) => outlets.forEach((outlet) => void outlet.announce(news))
  const edited = metrics.counter('notifications_edited_total', 'Messages that were edited because the listing is gone.')
  const watch = await watchOutcomes({
    ...{ ...shared, intents: (outlets[0] as Outlet).intents, announce },
    posters: new Map([...(posters?.posters.values() ?? [])].map((poster) => [poster.name, poster])),
    isKilled: () => controls.state().killed !== null,
    onEdited: () => edited(),
    positions: trading.positions,
    paperTrades: paper.trades,
    onUnreadable: unreadable('outcomes'),
    onTrouble: (problem) => logger.warn({ problem }, 'Discord'),
  })
  const notices = await watchNotices({ ...shared, announce })
  const stopping = new AbortController()
  const runner = createAlertRunner(context, {
    producer,
    intents: outlets.map(({ intents }) => intents),
    idleMillis,
    createSink: (basis) => createDeskSink({ ...basis, clock, outlets, stopping: stopping.signal, onSettled: watch.posted }),
  })
  const bot = config.DISCORD_TOKEN === null ? null : startBot(context, config.DISCORD_TOKEN, { producer, controls, watch, trading })
  await runner.start()
  const desks = outlets.flatMap((outlet) => outlet.desks)
  const parts = [controls, watch, trading, paper, notices, ...desks, ...(bot === null ? [] : [bot])]
  return {
    finished: untilOneFails(runner, parts),
    async stop() {
      stopping.abort()
      await bot?.stop()
      await Promise.all(desks.map((each) => each.stop()))
      for (const part of [runner, watch, trading, paper, notices, controls]) await part.stop()
      for (const part of [freshness, ...outlets.map(({ intents }) => intents), producer]) await part.close()
    },
  }
}

/** Discord first: it is where messages can be edited, and whose results are asked for. At least one. */
function createOutlets(context: Context, posters: Posters | null, options: OutletOptions): Outlet[] {
  const { onUnreadable: _told, ...quiet } = options.intents
  const discord = posters === null ? null : createDiscordOutlet(posters, options)
  // What nobody can read is counted once.
  const webhook = createWebhookOutlet(context, discord === null ? options : { ...options, intents: quiet })
  return [discord, webhook].filter((outlet) => outlet !== null)
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
      const changed = controls.changed()
      await producer.send([controlRecord(codec, prefix, { kind, subject, by, reason: null, at: clock.now() })])
      // What is said next is true: our own posting has heard of it.
      await changed
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

import { afterEach, expect, it, vi } from 'vitest'
import { app as ledger } from '#app/ledger/main.ts'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { exchangeRateEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { paperAccounts } from '#lib/paper/paper-summary.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Alert, MarketEvent, PaperTrade } from '#schemas/types.ts'
import { createDiscordWorld, type DiscordWorld } from './worlds/discord-world.ts'

/** A Monday. */
const monday = Date.UTC(2022, 3, 11)
const { item: profile } = sampleAlert().scored.listing
const parts = Object.values(profile.parts)
const rules = ['default', 'half-price', 'cheap'] as const

let world: DiscordWorld | undefined
afterEach(() => world?.close())

const at = (millis: number) => ({ observedAt: millis, origin: 'live', source: 'recorded' }) as const
function sold(soldAt: number, tokenId: string, usd: number): MarketEvent {
  const item = { tokenId, class: profile.class, breedCount: profile.breedCount, genes: null, parts, image: null }
  const sale = { item, soldAt, priceWei: '30000000000000000', priceUsd: String(usd), seller: null, buyer: null, txHash: null }
  return saleEvent({ ...sale, saleId: saleIdOf(tokenId, sale) }, at(soldAt))
}

/** By this rule of this set, an hour after the one before; asks $80. */
function alertOf(number: number, rule: string, rulesHash: string): Alert {
  const observedAt = monday + number * hourMillis
  const listingId = `axie:${number}:${observedAt - minuteMillis}`
  const ask = { usd: 80, eth: 80 / 3_000, startedAt: observedAt - minuteMillis }
  const scored = scoredWith({ listing: { listingId, observedAt, item: { ...profile, tokenId: String(number) } }, ask })
  return sampleAlert(scored, { rule, rulesHash, listingId, alertId: `${listingId}:${rule}`, deadlineMillis: 1 })
}

/** Every listing sells at its ask; each third is seen to sell again, and strangers alike sell in every hour. */
const market = Array.from({ length: 200 }, (_, number) => {
  const observedAt = monday + number * hourMillis
  return [
    exchangeRateEvent({ ethUsd: 3_000 }, at(observedAt)),
    sold(observedAt + 5 * minuteMillis, String(number), 80),
    sold(observedAt + 20 * minuteMillis, `9${number}`, number % 2 === 0 ? 100 : 40),
    ...(number % 3 === 0 ? [sold(observedAt + 40 * minuteMillis, String(number), 140)] : []),
  ]
})

/** Three rules; a set without the third; back to the first; and one alert more, by which the end is known. */
const sets = [
  { rulesHash: 'first', names: rules, from: 1, until: 60 },
  { rulesHash: 'second', names: rules.slice(0, 2), from: 60, until: 120 },
  { rulesHash: 'first', names: rules, from: 120, until: 190 },
  { rulesHash: 'first', names: rules, from: 198, until: 199 },
]

/** Plays the run for a ledger that is started anew with each rule set, or once for all; resolves to what the accounts then have. */
async function played(restarts: boolean): Promise<Map<string, PaperTrade>> {
  world = await createDiscordWorld('bot')
  const { log, codec, context } = world
  await codec.prepare(['MarketEvent', 'Alert', 'PaperTrade'])
  const producer = log.producer()
  const send = (topic: string, values: readonly Buffer[]) =>
    producer.send(values.map((value) => ({ topic: `run.${topic}`, key: 'k', value })))
  const sendAlerts = (topic: string, alerts: readonly Alert[]) =>
    send(
      topic,
      alerts.map((alert) => codec.encode('Alert', alert)),
    )
  const trades = new Map<string, PaperTrade>()
  const following = await log.follow(['run.paper.trades'], async (records) => {
    for (const { value } of records) {
      const trade = await codec.decode('PaperTrade', value as Buffer)
      trades.set(trade.tradeId, trade)
    }
  })
  let alerted = 0
  let played = 0
  for (const { rulesHash, names, from, until } of sets) {
    const alerts = Array.from({ length: until - from }, (_, index) =>
      alertOf(from + index, names[index % names.length] as string, rulesHash),
    )
    const classic = alerts.filter((_, index) => index % 4 === 0).map((alert) => ({ ...alert, rule: 'classic' }))
    await sendAlerts('alerts', alerts)
    await sendAlerts('alerts.paper', classic)
    const events = market.slice(played, until + 1).flat()
    await send(
      'market.events',
      events.map((event) => codec.encode('MarketEvent', event)),
    )
    alerted += alerts.length + classic.length
    played = until + 1
    if (!restarts && until < 199) continue
    const running = await ledger.start(await createEmbeddedContext(ledger.settings, { shared: context }))
    await vi.waitFor(() => expect(trades.size).toBe(alerted), { timeout: 20_000, interval: 20 })
    await running.stop()
    await running.finished
  }
  await following.caughtUp
  await following.stop()
  return trades
}

it('paper accounts of three rules, through restarts and a rollback, are those of a ledger that heard it all at once; the week is told', {
  timeout: 120_000,
}, async () => {
  const atOnce = await played(false)
  await world?.close()
  const trades = await played(true)
  expect([...trades].sort()).toEqual([...atOnce].sort())
  const accounts = paperAccounts([...trades.values()])
  const alerts = Object.fromEntries(accounts.map(({ account, figures }) => [account, figures.alerts]))
  expect(alerts).toEqual({ cheap: 19 + 23, default: 20 + 30 + 24 + 1, 'half-price': 20 + 30 + 23, 'preset:classic': 15 + 15 + 18 + 1 })

  const { discord, start } = world as DiscordWorld
  await start()
  const weekly = () => discord.messages().find(({ embeds }) => embeds[0]?.title === 'The week in alerts')?.embeds[0]?.description ?? ''
  await vi.waitFor(() => expect(weekly()).not.toBe(''), { timeout: 20_000, interval: 50 })
  for (const name of [...rules, 'classic, always']) expect(weekly()).toMatch(new RegExp(`^${name}: \\d+ of \\d+ alerts bought`, 'm'))
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { app } from '#app/notifier/main.ts'
import type { RunningApp } from '#lib/app/app.ts'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { samplePosition } from '#lib/positions/testing/position-samples.ts'
import type { NotificationStatus } from '#schemas/types.ts'
import { createDiscordWorld, type DiscordWorld, numberedAlert } from '../../tests/worlds/discord-world.ts'
import { startWebhookReceiver } from '../../tests/worlds/webhook-receiver.ts'

const patient = { timeout: 20_000, interval: 20 }
const until = (check: () => unknown) => vi.waitFor(check, patient)

let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
let world: DiscordWorld
beforeEach(async () => {
  receiver = await startWebhookReceiver()
})
afterEach(async () => {
  await world.close()
  await receiver.close()
})

const settings = () => ({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: receiver.secret })
/** What became of each alert, by the kind of place. */
async function statuses(): Promise<Record<string, NotificationStatus>> {
  const words = await world.notifications()
  return Object.fromEntries(words.map(({ alertId, channel, status }) => [`${channel.split(':')[0]} ${alertId}`, status]))
}
const types = () => receiver.taken.map(({ event }) => event.type)

describe('beside Discord', () => {
  it('each alert is told by both, once, across restarts that lost their commits', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, settings())
    for (const number of [1, 2]) {
      await world.start()
      await world.alert(numberedAlert(1))
      await world.alert(numberedAlert(number))
      const id = `axie:${number}:1:default`
      await until(async () => expect(await statuses()).toMatchObject({ [`outgoing ${id}`]: 'sent', [`discord ${id}`]: 'sent' }))
      await world.stop()
    }
    expect(receiver.taken.map(({ isGenuine, event }) => [isGenuine, event.type, (event.data as { alertId: string }).alertId])).toEqual([
      [true, 'alert', 'axie:1:1:default'],
      [true, 'alert', 'axie:2:1:default'],
    ])
    expect(receiver.taken[0]?.event.data).toMatchObject({
      rule: 'default',
      simulated: true,
      link: expect.stringMatching(/^https:/),
      scored: { listing: { ask: { usd: 80 } } },
    })
    expect(world.discord.messages()).toHaveLength(2)
  })

  it('one that is away holds back no other, and is told once it is there', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, settings())
    receiver.answer({ status: 429, headers: { 'retry-after': '1' } }, { status: 401 })
    await world.start()
    await world.alert(numberedAlert(1))
    await until(() => expect(world.discord.messages()).toHaveLength(1))
    await until(async () => expect(await statuses()).toMatchObject({ 'outgoing axie:1:1:default': 'sent' }))
    expect(receiver.taken).toHaveLength(1)
    expect(receiver.requests()).toBe(3)
  })

  it('what one outlet has told and the other has not is not done with: the next run tells it', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, settings())
    receiver.answer({ status: 429, headers: { 'retry-after': '3600' } })
    await world.start()
    // One after the other, of one partition: whatever could be committed with the first is, once the third is told.
    for (const number of [1, 2, 3]) {
      const alert = numberedAlert(number, { deadlineMillis: 600_000 })
      await world.send('alerts', 'one partition', 'Alert', alert, { 'collected-at': String(systemClock.now()) })
      await until(async () => expect(await statuses()).toMatchObject({ [`discord ${alert.alertId}`]: 'sent' }))
    }
    await world.stop()
    await world.start()
    await until(() => expect(receiver.taken).toHaveLength(3))
    expect(receiver.taken.map(({ event }) => (event.data as { alertId: string }).alertId).sort()).toEqual(
      [1, 2, 3].map((number) => `axie:${number}:1:default`),
    )
    expect(world.discord.messages()).toHaveLength(3)
  })

  it('an answer that was lost is never asked for again, and the alert is unknown', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, settings())
    receiver.answer('cut_after', 'cut')
    for (const number of [1, 2]) {
      await world.start()
      await world.alert(numberedAlert(number))
      await until(async () => expect(await statuses()).toMatchObject({ [`outgoing axie:${number}:1:default`]: 'unknown' }))
      await world.stop()
    }
    expect(receiver.requests()).toBe(2)
    expect(receiver.taken).toHaveLength(1)
    expect(world.discord.messages()).toHaveLength(2)
  })

  it('resales and results are told, too, with their figures', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, settings())
    await world.context.codec.prepare(['Position', 'PaperTrade'])
    const sold = samplePosition({ positionId: 'main:7:1', soldAt: 2, soldUsd: 40, soldBy: 'seen' })
    await world.send('positions', 'a', 'Position', sold)
    const monday = Date.UTC(2022, 3, 11)
    await world.send('paper.trades', 'a', 'PaperTrade', samplePaperTrade({ alertedAt: monday + 1 }))
    for (const [id, alertedAt] of [['a', monday + 1] as const, ['b', monday + 8 * 86_400_000] as const])
      await world.send('outcomes', id, 'Outcome', sampleOutcome({ alertId: id, alertedAt, goneAt: null }))
    await world.start()
    await until(() => expect(types().sort()).toEqual(['resale', 'summary', 'summary']))
    const dataOf = (type: string) => receiver.taken.filter(({ event }) => event.type === type).map(({ event }) => event.data)
    expect(dataOf('resale')).toMatchObject([{ title: 'Bought, and sold again', account: 'main', axieId: '7', netUsd: 40 * 0.9575 - 20 }])
    expect(dataOf('summary')).toContainEqual(
      expect.objectContaining({
        title: 'The week in alerts',
        period: 'week',
        from: monday,
        paper: [expect.objectContaining({ account: 'default', figures: expect.objectContaining({ bought: 1, offered: 1 }) })],
      }),
    )
  })

  it('what people silence, no program is told', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot', {}, { ...settings(), LIMIT_PER_TRADE: '10' })
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () =>
      expect(await statuses()).toEqual({ 'outgoing axie:1:1:default': 'limited', 'discord axie:1:1:default': 'limited' }),
    )
    expect(receiver.requests()).toBe(0)
  })
})

describe('alone', () => {
  it('without Discord it is all there is, and needs its secret', { timeout: 40_000 }, async () => {
    world = await createDiscordWorld('bot')
    const start = async (env: Record<string, string>): Promise<RunningApp> =>
      app.start(await createEmbeddedContext(app.settings, { env, shared: world.context }))
    await expect(start({ WEBHOOK_URL: receiver.url })).rejects.toThrow(/WEBHOOK_SECRET is not/)
    const running = await start(settings())
    await world.alert(numberedAlert(1))
    await until(async () => expect(await statuses()).toEqual({ 'outgoing axie:1:1:default': 'sent' }))
    await running.stop()
    expect(types()).toEqual(['alert'])
  })

  it.each([
    ['WEBHOOK_URL', 'ftp://example.org', /http or https address/],
    ['WEBHOOK_URL', 'https://me:pass@example.org/x', /without a name or password/],
    ['WEBHOOK_SECRET', 'password', /expected whsec_ and 24 to 64 bytes/],
  ])('refuses %s=%s, and does not repeat it', async (name, value, problem) => {
    world = await createDiscordWorld('bot')
    const refused = createEmbeddedContext(app.settings, { env: { ...settings(), [name]: value } })
    await expect(refused).rejects.toThrow(problem)
    await expect(refused).rejects.not.toThrow(value)
  })
})

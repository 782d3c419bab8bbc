import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { controlKey } from '#lib/decisions/controls.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePosition } from '#lib/positions/testing/position-samples.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { ControlKind } from '#schemas/types.ts'
import { type Embed, textOf } from '../../tests/discord/messages.ts'
import { type Fault, operatorRole } from '../../tests/discord/stand-in.ts'
import { createDiscordWorld, type DiscordWorld, numberedAlert } from '../../tests/worlds/discord-world.ts'

const patient = { timeout: 20_000, interval: 20 }
let world: DiscordWorld

afterEach(() => world.close())

const until = (check: () => unknown) => vi.waitFor(check, patient)
const titles = () => world.discord.messages().map(({ embeds }) => embeds[0]?.title ?? '')
const operator = { permissions: '32' }
const idOf = (kind: string) =>
  world.discord
    .messages()
    .flatMap(({ components }) => (components as { components: { custom_id?: string }[] }[]).flatMap((row) => row.components))
    .flatMap(({ custom_id }) => custom_id ?? [])
    .find((id) => id.startsWith(kind))!

describe('bot', () => {
  it('posts each alert once, with its proof and its buttons, in the channel that its rule names', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await world.alert(numberedAlert(1))
    await world.alert(numberedAlert(2, { channel: 'plants' }))
    await world.alert(numberedAlert(3, { channel: 'nobody-set-this-up' }))
    await until(async () => expect(Object.values(await world.statuses())).toEqual(['sent', 'sent', 'sent']))
    expect(world.discord.messages(world.discord.channelId)).toHaveLength(2)
    expect(world.discord.messages(world.discord.otherChannelId)).toHaveLength(1)
    const [message] = world.discord.messages(world.discord.otherChannelId)
    expect(message!.embeds[0]).toMatchObject({ title: 'Axie \\#2 · Aquatic · 1 breed · $80.00'.replace('\\#', '#') })
    expect(textOf(message!.embeds[0]!)).toMatch(/SIMULATED.*likely \$130.*identical.*\*\*speed 57\*\*.*ref [0-9a-f]{12}/s)
    expect(message!.components).toMatchObject([
      { components: [{ label: 'Open' }, { label: 'Bought' }, { label: 'Bad call' }, { label: 'Mute seller' }] },
    ])
    const sent = (await world.notifications()).find(({ messageId }) => messageId === message!.id)
    expect(sent).toMatchObject({ alertId: 'axie:2:1:default', channel: `discord:${world.discord.otherChannelId}` })
  })

  it('does not post again after a restart that lost its commits', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent' }))
    await world.stop()
    await world.start()
    await world.alert(numberedAlert(1))
    await world.alert(numberedAlert(2))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:2:1:default': 'sent' }))
    expect(world.discord.messages()).toHaveLength(2)
  })

  it.each<[string, Fault]>([
    ['429 out of the blue', 'limited'],
    ['5xx', 'failed'],
    ['5xx after the message was taken', 'failed_after'],
    ['a broken connection', 'cut'],
    ['a connection that breaks after the message was taken', 'cut_after'],
  ])('posts each alert exactly once through %s', { timeout: 30_000 }, async (_case, fault) => {
    world = await createDiscordWorld('bot')
    let left = 2
    world.discord.setFault(() => (left-- > 0 ? fault : null))
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent' }))
    expect(world.discord.messages()).toHaveLength(1)
  })

  it('an intent that an earlier run left is looked for in the channel: posted it is not posted again, else it is', {
    timeout: 30_000,
  }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent' }))
    await world.stop()
    // As a kill between post and outcome leaves it, for one that was posted and one that was not.
    const [intended] = await world.notifications()
    const place = (number: number) => ({
      ...intended!,
      alertId: `axie:${number}:1:default`,
      nonce: intended!.nonce.replace(/^./, String(number)),
    })
    await world.send('notifications', 'a', 'Notification', { ...intended!, at: systemClock.now() })
    await world.send('notifications', 'b', 'Notification', { ...place(2), at: systemClock.now() })
    await world.alert(numberedAlert(1))
    await world.alert(numberedAlert(2))
    await world.start()
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent', 'axie:2:1:default': 'sent' }))
    expect(world.discord.messages()).toHaveLength(2)
  })

  it('drops what is past its deadline, and counts it', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    const { metrics } = await world.start()
    await world.alert(numberedAlert(1, { deadlineMillis: 1_000 }), systemClock.now() - 2_000)
    await world.alert(numberedAlert(2))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'expired', 'axie:2:1:default': 'sent' }))
    expect(world.discord.messages()).toHaveLength(1)
    expect((await metrics.snapshot()).values).toMatchObject({
      'notifications_total{outcome=expired}': 1,
      'notifications_total{outcome=sent}': 1,
    })
  })

  it('200 alerts in one second: the best in full within the rate limit, the rest summed up, none dropped in silence', {
    timeout: 60_000,
  }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await Promise.all(Array.from({ length: 200 }, (_, index) => world.alert(numberedAlert(index + 1))))
    await until(async () => expect(Object.keys(await world.statuses())).toHaveLength(200))
    await until(async () => expect(Object.values(await world.statuses())).not.toContain('intended'))
    const statuses = Object.values(await world.statuses())
    const full = statuses.filter((status) => status === 'sent').length
    expect(statuses.every((status) => status === 'sent' || status === 'coalesced')).toBe(true)
    expect(full).toBeGreaterThanOrEqual(4)
    const digests = world.discord.messages().filter(({ embeds }) => /more alerts came at once/.test(embeds[0]!.title!))
    expect(world.discord.messages()).toHaveLength(full + digests.length)
    const counted = digests.map(({ embeds }) => Number(/^\d+/.exec(embeds[0]!.title!)![0])).reduce((sum, count) => sum + count, 0)
    expect(full + counted).toBe(200)
    expect(titles()).toContain('Axie #200 · Aquatic · 1 breed · $80.00')
  })

  it('a button lands in alerts.feedback within a second, and says so to who pressed it', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await until(() =>
      expect(world.discord.commands().map(({ name }) => name)).toEqual([
        'price',
        'why',
        'stats',
        'bought',
        'sold',
        'pause',
        'resume',
        'mute',
        'unmute',
      ]),
    )
    await world.alert(numberedAlert(1))
    await until(() => expect(world.discord.messages()).toHaveLength(1))
    const pressedAt = systemClock.now()
    const interaction = world.discord.press(world.discord.messages()[0]!, idOf('bought'))
    await until(async () =>
      expect(await world.feedback()).toMatchObject([{ alertId: 'axie:1:1:default', kind: 'bought', isOpinion: true }]),
    )
    const [feedback] = await world.feedback()
    expect(feedback!.at - pressedAt).toBeLessThan(1_000)
    await until(() =>
      expect(world.discord.replies.get(interaction)).toMatchObject({
        ephemeral: true,
        content: expect.stringMatching(/^Noted, as an opinion: only operators/),
      }),
    )
  })

  it('what operators and traders bought is a position, at the ask or the price they say; what is seen to sell ends it, and that is told', {
    timeout: 60_000,
  }, async () => {
    world = await createDiscordWorld('bot', {}, { TRADERS: 'anna=900000000000000066' })
    await world.start()
    await world.hears()
    await world.alert(numberedAlert(1))
    await until(() => expect(world.discord.messages()).toHaveLength(1))
    const answer = async (interaction: string) => {
      await until(() => expect(world.discord.replies.get(interaction)?.content).toBeTruthy())
      return world.discord.replies.get(interaction)!.content
    }
    const press = () => world.discord.press(world.discord.messages()[0]!, idOf('bought'), operator)
    expect(await answer(press())).toMatch(/^Noted: main bought #1 for \$80\.00/)
    expect(await answer(press())).toMatch(/^Not noted\. axie 1: main has it already/)
    expect(await answer(world.discord.type('bought', { axie: 1, price: 75 }, { id: '900000000000000066' }))).toMatch(
      /anna bought #1 for \$75/,
    )
    expect(await answer(world.discord.type('bought', { axie: 9 }, operator))).toMatch(/expected its price in dollars, found none/)
    expect(await answer(world.discord.type('bought', { axie: 9, price: -1 }, operator))).toMatch(/above 0 dollars/)
    expect(await answer(world.discord.type('sold', { axie: 9, price: 10 }, operator))).toMatch(/main does not have it/)
    expect(await answer(world.discord.type('sold', { axie: 1, price: 10 }))).toMatch(/Only operators and traders/)
    expect(await answer(world.discord.type('sold', { axie: 1, price: 100 }, { id: '900000000000000066' }))).toMatch(
      /: \+\$20\.75 after the fee/,
    )
    const outcome = sampleOutcome({ alertId: 'axie:1:1:default', tokenId: '1', status: 'resold', resoldUsd: 120, resoldAt: 2 })
    await world.send('outcomes', outcome.alertId, 'Outcome', outcome)
    await until(async () =>
      expect(await world.positions()).toMatchObject({ 'main 1': { soldUsd: 120, soldBy: 'seen' }, 'anna 1': { soldUsd: 100 } }),
    )
    await until(() => expect(world.discord.messages().at(-1)!.embeds[0]).toMatchObject({ title: 'Bought, and sold again' }))
    expect(textOf(world.discord.messages().at(-1)!.embeds[0]!)).toMatch(/main sold #1 for \$120, bought for \$80\.00: \+\$34\.90/)
  })

  it('a resale is told by the next notifier where one was killed between ending the position and telling it, once', {
    timeout: 30_000,
  }, async () => {
    world = await createDiscordWorld('bot')
    const sold = { tokenId: '1', boughtUsd: 80, soldUsd: 120, soldAt: 2, soldBy: 'seen' } as const
    await world.context.codec.prepare(['Position'])
    await world.send('positions', 'a', 'Position', samplePosition({ ...sold, positionId: 'main:1:1' }))
    await world.send('positions', 'b', 'Position', samplePosition({ ...sold, positionId: 'main:2:1', tokenId: '2', soldBy: 'said' }))
    for (const number of [1, 2]) {
      await world.start()
      await world.alert(numberedAlert(number))
      await until(async () => expect(await world.statuses()).toMatchObject({ [`axie:${number}:1:default`]: 'sent' }))
      await until(async () => expect(await world.statuses()).toMatchObject({ 'resold:main:1:1': 'sent' }))
      expect(titles().filter((title) => title === 'Bought, and sold again')).toHaveLength(1)
      await world.stop()
    }
    expect(await world.statuses()).not.toHaveProperty('resold:main:2:1')
  })

  it('what is beyond a limit is not posted, and says which; a sale makes room', { timeout: 60_000 }, async () => {
    world = await createDiscordWorld('bot', {}, { LIMIT_MAX_OPEN: '1', LIMIT_PER_TRADE: '100' })
    await world.start()
    await world.hears()
    const dear = numberedAlert(2)
    const { scored } = dear
    const { listing } = scored
    await world.alert({ ...dear, scored: { ...scored, listing: { ...listing, ask: { ...listing.ask, usd: 101 } } } })
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:2:1:default': 'limited' }))
    await world.alert(numberedAlert(1))
    await until(() => expect(world.discord.messages()).toHaveLength(1))
    world.discord.press(world.discord.messages()[0]!, idOf('bought'), operator)
    await until(async () => expect(await world.positions()).toMatchObject({ 'main 1': { boughtUsd: 80 } }))
    await world.stop()
    await world.start()
    await world.alert(numberedAlert(3))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:3:1:default': 'limited' }))
    const details = (await world.notifications()).filter(({ status }) => status === 'limited').map(({ detail }) => detail)
    expect(details).toEqual(['limit perTrade: with it $101.00, at most $100.00', 'limit maxOpen: with it 2, at most 1'])
    await world.hears()
    world.discord.type('sold', { axie: 1, price: 90 }, operator)
    await until(async () => expect(await world.positions()).toMatchObject({ 'main 1': { soldUsd: 90, soldBy: 'said' } }))
    await world.alert(numberedAlert(4))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:4:1:default': 'sent' }))
  })

  it('who may not operate can neither pause nor mute; who may, can, and it holds across restarts', { timeout: 60_000 }, async () => {
    world = await createDiscordWorld('bot', {}, { DISCORD_OPERATORS: operatorRole })
    await world.start()
    await until(() => expect(world.discord.commands()).not.toEqual([]))
    const answer = async (interaction: string) => {
      await until(() => expect(world.discord.replies.get(interaction)?.content).toBeTruthy())
      return world.discord.replies.get(interaction)!.content
    }
    expect(await answer(world.discord.type('pause'))).toMatch(/Only operators/)
    expect(await answer(world.discord.type('pause', {}, { ...operator, channelId: '900000000000000055' }))).toMatch(
      /channels of the alerts only/,
    )
    expect(await answer(world.discord.type('pause', {}, { roles: [operatorRole] }))).toMatch(/^Paused/)
    await world.stop()
    await world.start()
    await world.alert(numberedAlert(1))
    await world.alert(numberedAlert(2, { deadlineMillis: 300 }))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:2:1:default': 'expired' }))
    expect(world.discord.messages()).toEqual([])
    await world.hears()
    expect(await answer(world.discord.type('resume', {}, operator))).toMatch(/^Alerts again/)
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:1:1:default': 'sent' }))
    expect(await answer(world.discord.press(world.discord.messages()[0]!, idOf('mute_seller'), operator))).toMatch(/No more alerts/)
    await world.alert(numberedAlert(3))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:3:1:default': 'muted' }))
    expect(world.discord.messages()).toHaveLength(1)
  })

  it('pause and kill from another process: nothing is posted until resume and revive', { timeout: 60_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    const tell = (kind: ControlKind, subject: string | null = null) =>
      world.send('controls', controlKey({ kind, subject }), 'Control', { kind, subject, by: 'cli', reason: null, at: systemClock.now() })
    /** What was told before is heard, and alerts before it were looked at, once an alert of a muted seller is settled. */
    const heard = async (number: number) => {
      await world.alert(numberedAlert(number, { scored: scoredWith({ listing: { seller: '0xbad' } }) }))
      await until(async () => expect(await world.statuses()).toMatchObject({ [`axie:${number}:1:default`]: 'muted' }))
    }
    await tell('pause')
    await tell('mute_seller', '0xbad')
    await heard(8)
    await world.alert(numberedAlert(1))
    await heard(9)
    expect(world.discord.messages()).toEqual([])
    expect(await world.statuses()).not.toHaveProperty('axie:1:1:default')
    await tell('kill')
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:1:1:default': 'muted' }))
    await tell('revive')
    await tell('resume')
    await world.alert(numberedAlert(2))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:2:1:default': 'sent' }))
    expect(world.discord.messages()).toHaveLength(1)
  })

  it('says in the message when the listing is gone, once', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent' }))
    await world.send('outcomes', 'axie:1:1:default', 'Outcome', sampleOutcome({ alertId: 'axie:1:1:default' }))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'edited' }))
    const [message] = world.discord.messages()
    expect(message).toMatchObject({ edited: 1, embeds: [{ title: expect.stringMatching(/^Sold for \$80\.00 · Axie #1/) }] })
    expect(message!.embeds[0]!.description).toMatch(/^\*\*Sold for \$80\.00, 45 s after it was seen\*\*/)
    await world.stop()
    await world.start()
    await world.alert(numberedAlert(2))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:2:1:default': 'sent' }))
    expect(world.discord.messages()[0]!.edited).toBe(1)
  })

  it('bears a gateway that cuts, asks to reconnect, and forgets the session', { timeout: 60_000 }, async () => {
    world = await createDiscordWorld('bot', { heartbeatMillis: 200 })
    const context = await world.start()
    const { gateway } = world.discord
    await until(() => expect(context.health.report().conditions['Discord gateway']).toMatchObject({ ready: true }))
    await until(() => expect(gateway.seen).toContain('heartbeat'))
    gateway.askToReconnect()
    await until(() => expect(gateway.seen).toContain('resume'))
    gateway.cut()
    await until(() => expect(gateway.seen.filter((what) => what === 'resume').length).toBeGreaterThanOrEqual(2))
    gateway.forgetSessions()
    gateway.cut()
    await until(() => expect(gateway.seen.filter((what) => what === 'identify').length).toBeGreaterThanOrEqual(2))
    await world.alert(numberedAlert(1))
    await until(() => expect(world.discord.messages()).toHaveLength(1))
    await world.hears()
    world.discord.press(world.discord.messages()[0]!, idOf('bad_call'))
    await until(async () => expect(await world.feedback()).toMatchObject([{ kind: 'bad_call' }]))
  })

  it('hostile text does nothing, fits, and is posted', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('bot')
    await world.start()
    const hostile = `@everyone <@&1> **bold** [x](https://evil.example) \u202Eevil\u200B ${'\u{1F4B8}'} \`\`\`${'w'.repeat(6_000)}`
    const base = sampleAlert().scored
    const item = {
      ...base.listing.item,
      tokenId: '9',
      class: hostile,
      image: 'javascript:alert(1)',
      parts: { ...base.listing.item.parts, back: hostile },
    }
    const scored = scoredWith({ listing: { item, seller: hostile }, modelId: hostile })
    await world.alert(sampleAlert(scored, { alertId: 'axie:9:1:default', rule: hostile, reason: hostile }))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:9:1:default': 'sent' }))
    const [{ embeds, components }] = world.discord.messages() as [never] as [{ embeds: { thumbnail?: unknown }[]; components: unknown[] }]
    const { footer, ...shown } = embeds[0] as Embed
    const text = textOf(embeds[0] as never)
    expect(text).not.toMatch(/@|\u202E|\u200B|https:\/\/evil/)
    // A footer knows no markdown.
    expect(textOf(shown)).not.toMatch(/(?<!\\)[[<`~]|(?<!\\)\*\*bold/)
    expect(footer).toBeDefined()
    expect(text.length).toBeLessThanOrEqual(6_000)
    expect(embeds[0]).not.toHaveProperty('thumbnail')
    expect(JSON.stringify(components)).not.toContain('mute_seller')
  })
})

describe('webhook', () => {
  it('posts with links only, and edits when the listing is gone', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('webhook')
    await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent' }))
    expect(world.discord.messages()).toMatchObject([{ components: [{ components: [{ label: 'Open' }] }] }])
    await world.send('outcomes', 'axie:1:1:default', 'Outcome', sampleOutcome({ alertId: 'axie:1:1:default' }))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'edited' }))
  })

  it.each<[Fault, 'sent' | 'unknown', number]>([
    ['limited', 'sent', 1],
    ['failed', 'unknown', 0],
    ['failed_after', 'unknown', 1],
    ['cut', 'unknown', 0],
    ['cut_after', 'unknown', 1],
  ])('after %s the alert is %s: an unknown result is never sent again, but counted', { timeout: 30_000 }, async (fault, status, posted) => {
    world = await createDiscordWorld('webhook')
    let left = 1
    world.discord.setFault(() => (left-- > 0 ? fault : null))
    const { metrics } = await world.start()
    await world.alert(numberedAlert(1))
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': status }))
    expect(world.discord.messages()).toHaveLength(posted)
    await until(async () => expect((await metrics.snapshot()).values).toMatchObject({ [`notifications_total{outcome=${status}}`]: 1 }))
  })

  it('an intent that an earlier run left is unknown, but for one that Discord had asked to wait', { timeout: 30_000 }, async () => {
    world = await createDiscordWorld('webhook')
    const intent = {
      channel: `webhook:${world.discord.webhook.id}`,
      nonce: 'n',
      status: 'intended',
      messageId: null,
      at: systemClock.now(),
    } as const
    await world.context.codec.prepare(['Notification'])
    await world.send('notifications', 'a', 'Notification', { ...intent, alertId: 'axie:1:1:default', detail: null, writer: null })
    await world.send('notifications', 'b', 'Notification', {
      ...intent,
      alertId: 'axie:2:1:default',
      detail: 'not sent: Discord asked us to wait',
      writer: null,
    })
    await world.alert(numberedAlert(1))
    await world.alert(numberedAlert(2))
    await world.start()
    await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'unknown', 'axie:2:1:default': 'sent' }))
    expect(titles()).toEqual([expect.stringContaining('#2')])
  })
})

describe.each(['bot', 'webhook'] as const)('%s: one notifier, told of an alert more than once', (mode) => {
  const posts = () => world.discord.requests.filter(({ method, path }) => method === 'POST' && /\/webhooks\/|\/messages/.test(path))

  /** While `isAway()`, what is written to `notifications` fails; `landed`: although it is in the log. */
  const troubleNotifications = (isAway: () => boolean, landed = false) => {
    const { log } = world
    const real = log.producer
    log.producer = () => {
      const producer = real()
      return {
        ...producer,
        async send(records) {
          const fails = isAway() && records.some(({ topic }) => topic === 'run.notifications')
          if (!fails || landed) await producer.send(records)
          if (fails) throw new RetryableError('the broker restarts')
        },
      }
    }
  }

  it.each([false, true])(
    'joins again while an intent is being written, which fails (in the log all the same: %s)',
    { timeout: 40_000 },
    async (landed) => {
      world = await createDiscordWorld(mode)
      let away = false
      let failed = 0
      troubleNotifications(() => away && ++failed > 0, landed)
      await world.start()
      away = true
      await world.alert(numberedAlert(1))
      await until(() => expect(failed).toBeGreaterThan(0))
      world.log.rebalance('run.notifier')
      const before = failed
      await until(() => expect(failed).toBeGreaterThan(before + 1))
      away = false
      await world.alert(numberedAlert(2))
      await until(async () => expect(await world.statuses()).toEqual({ 'axie:1:1:default': 'sent', 'axie:2:1:default': 'sent' }))
      expect(posts()).toHaveLength(2)
      expect(world.discord.messages()).toHaveLength(2)
    },
  )

  it('leaves an alert to another process whose intent comes first in the log, though it was not there when the partition was taken', {
    timeout: 30_000,
  }, async () => {
    world = await createDiscordWorld(mode)
    const { log } = world
    const real = log.producer
    let others = 1
    log.producer = () => {
      const producer = real()
      return {
        ...producer,
        async send(records) {
          if (others > 0 && records.some(({ topic }) => topic === 'run.notifications')) {
            others--
            const mine = await world.codec.decode('Notification', records[0]!.value!)
            for (const status of ['intended', 'sent'] as const)
              await world.send('notifications', records[0]!.key, 'Notification', { ...mine, writer: 'another', status })
          }
          await producer.send(records)
        },
      }
    }
    await world.start()
    await world.alert(numberedAlert(1))
    await until(() => expect(others).toBe(0))
    await world.alert(numberedAlert(2))
    await until(async () => expect(await world.statuses()).toMatchObject({ 'axie:2:1:default': 'sent' }))
    expect(titles()).toEqual([expect.stringContaining('#2')])
  })
})

describe.each(['notifications', 'controls', 'outcomes', 'paper.trades', 'positions'])('what nobody can read in topic %s', (topic) => {
  it.each<[string, Buffer | null]>([
    ['garbage', Buffer.from('garbage')],
    ['nothing', null],
    ['an empty value', Buffer.alloc(0)],
    ['a schema that nobody knows', Buffer.from([0, 0, 0, 3, 231, 1, 2])],
  ])('is passed over: %s', { timeout: 30_000 }, async (_what, value) => {
    world = await createDiscordWorld('bot')
    await world.log.producer().send([{ topic: `run.${topic}`, key: 'x', value }])
    const context = await world.start()
    await world.alert(numberedAlert(1))
    await until(() => expect(titles()).toEqual([expect.stringContaining('#1')]))
    const { values } = await context.metrics.snapshot()
    expect(values[`unreadable_records_total{topic=${topic}}`] ?? 0).toBe(value === null ? 0 : 1)
  })
})

import { afterEach, expect, inject, it, vi } from 'vitest'
import { type NotifierWorld, openNotifierWorld, untilReady } from './notifier-process.ts'
import { runPrefix } from './run-prefix.ts'
import { numberedAlert } from './worlds/discord-world.ts'
import { startWebhookReceiver } from './worlds/webhook-receiver.ts'

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 40_000, interval: 100 })

let world: NotifierWorld
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
afterEach(async () => {
  await world.close()
  await receiver.close()
})

it('a program is told of an alert once, by whom it can verify; killed while it answers, it is not asked again', {
  timeout: 180_000,
}, async () => {
  receiver = await startWebhookReceiver()
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const settings = { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: receiver.secret }
  world = await openNotifierWorld(servers, runPrefix('webhook'), 'bot', {}, settings)
  const statusOf = async (place: string, number: number) =>
    (await world.notificationsByPlace()).get(`${place} axie:${number}:1:default`)?.status
  const start = async () => {
    const notifier = world.start()
    await untilReady(notifier)
    return notifier
  }

  const first = await start()
  await world.alert(numberedAlert(1))
  await until(async () => expect(await statusOf('outgoing', 1)).toBe('sent'))
  receiver.answer('cut_after')
  receiver.onRequest(() => void first.child.kill('SIGKILL'))
  await world.alert(numberedAlert(2))
  await first.exited
  receiver.onRequest(() => {})

  await start()
  await until(async () => expect(await statusOf('outgoing', 2)).toBe('unknown'))
  await world.alert(numberedAlert(3))
  await until(async () => expect(await statusOf('outgoing', 3)).toBe('sent'))
  await until(async () =>
    expect(await Promise.all([1, 2, 3].map((number) => statusOf('discord', number)))).toEqual(['sent', 'sent', 'sent']),
  )

  const alertIds = receiver.taken.map(({ event }) => (event.data as { alertId: string }).alertId)
  expect(alertIds).toEqual([1, 2, 3].map((number) => `axie:${number}:1:default`))
  expect(receiver.taken.every(({ isGenuine, id, event }) => isGenuine && id === event.id)).toBe(true)
  expect(world.discord.messages()).toHaveLength(3)
  expect(world.said()).not.toMatch(/a-token-that|whsec_/)
})

import { app } from '#app/notifier/main.ts'
import type { RunningApp } from '#lib/app/app.ts'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Alert, Notification, RecordTypes } from '#schemas/types.ts'
import { type StandInOptions, startDiscord } from '../discord/stand-in.ts'

/** For tests: the notifier on the memory log against the stand-in, by bot or webhook; restarted as often as a test likes. */
export type DiscordWorld = Awaited<ReturnType<typeof createDiscordWorld>>

type Context = Awaited<ReturnType<typeof createEmbeddedContext<typeof app.settings>>>

export async function createDiscordWorld(mode: 'bot' | 'webhook', options: StandInOptions = {}, settings: Record<string, string> = {}) {
  const discord = await startDiscord(options)
  const access: Record<string, string> =
    mode === 'webhook'
      ? { DISCORD_WEBHOOKS: discord.webhook.url }
      : { DISCORD_TOKEN: discord.token, DISCORD_CHANNELS: `default=${discord.channelId},plants=${discord.otherChannelId}` }
  const env = { DISCORD_API_URL: discord.apiUrl, DISCORD_TIMEOUT_MILLISECONDS: '2000', ...access, ...settings }
  const first: Context = await createEmbeddedContext(app.settings, { env })
  const { log, codec } = first
  await codec.prepare(['Alert', 'Outcome', 'Control'])
  const producer = log.producer()
  const runs: RunningApp[] = []

  const send = <Name extends keyof RecordTypes>(topic: string, key: string, name: Name, value: RecordTypes[Name], headers = {}) =>
    producer.send([{ topic: `run.${topic}`, key, value: codec.encode(name, value), headers }])

  const untilListeners = async (count: number): Promise<void> => {
    while (discord.gateway.listeners() !== count) await systemClock.sleep(5)
  }

  return {
    discord,
    log,
    codec,
    context: first,
    async start(): Promise<Context> {
      const context = await createEmbeddedContext(app.settings, { env, shared: first })
      runs.push(await app.start(context))
      return context
    },
    /** Stopped, and not heard from any more. */
    async stop(): Promise<void> {
      for (const run of runs.splice(0)) await run.stop()
      await untilListeners(0)
    },
    /** Until a button that is pressed, or a command that is typed, reaches the bot. */
    hears: () => untilListeners(1),
    async close(): Promise<void> {
      for (const run of runs.splice(0)) await run.stop()
      await discord.close()
    },
    send,
    alert: (alert: Alert, collectedAt = systemClock.now()) =>
      send('alerts', `axie:${alert.scored.listing.item.tokenId}`, 'Alert', alert, { 'collected-at': String(collectedAt) }),
    notifications: () => read(log, codec, 'notifications', 'Notification'),
    async statuses(): Promise<Record<string, Notification['status']>> {
      const all = await read(log, codec, 'notifications', 'Notification')
      return Object.fromEntries(all.map(({ alertId, status }) => [alertId, status]))
    },
    /** By account and axie. */
    async positions() {
      const all = await read(log, codec, 'positions', 'Position')
      return Object.fromEntries(all.map((position) => [`${position.account} ${position.tokenId}`, position]))
    },
    feedback: () => read(log, codec, 'alerts.feedback', 'AlertFeedback'),
  }
}

async function read<Name extends keyof RecordTypes>(
  log: MemoryLog,
  codec: Context['codec'],
  topic: string,
  name: Name,
): Promise<RecordTypes[Name][]> {
  const found: RecordTypes[Name][] = []
  const following = await log.follow([`run.${topic}`], async (records) => {
    for (const { value } of records) found.push(await codec.decode(name, value!))
  })
  await following.caughtUp
  await following.stop()
  return found
}

/** The n-th of many alerts; the higher the number, the better. */
export function numberedAlert(number: number, change: Partial<Alert> = {}): Alert {
  const base = sampleAlert().scored.listing.item
  return sampleAlert(scoredWith({ listing: { listingId: `axie:${number}:1`, item: { ...base, tokenId: String(number) } } }), {
    alertId: `axie:${number}:1:default`,
    netGainUsd: number,
    ...change,
  })
}

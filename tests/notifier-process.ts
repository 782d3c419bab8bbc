/** The notifier as a process of its own on given servers, against Discord's stand-in: for tests that kill it, or talk to it from elsewhere. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyWord, type Story } from '#app/notifier/delivery/story.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { topicName, topicSettings } from '#lib/market/topics.ts'
import { openBackend } from '#lib/running/backend.ts'
import { type AppProcess, createProcesses } from '#lib/running/processes.ts'
import type { StackAddresses } from '#lib/stack/addresses.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import type { Alert, Notification, Outcome } from '#schemas/types.ts'
import { type StandInOptions, startDiscord } from './discord/stand-in.ts'
import { testEnvironment } from './pipeline.ts'

export type NotifierWorld = Awaited<ReturnType<typeof openNotifierWorld>>

const sessionTimeoutMillis = '6000'

export async function openNotifierWorld(
  servers: StackAddresses,
  prefix: string,
  mode: 'bot' | 'webhook',
  options: StandInOptions = {},
  settings: Readonly<Record<string, string>> = {},
) {
  const discord = await startDiscord(options)
  const backend = openBackend({ kind: 'env', ...servers }, { root: checkoutRoot, clientId: `${prefix}test` })
  const { log, codec } = backend
  const admin = log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions: 3 }))
  await admin.close()
  await codec.prepare(['Alert', 'Outcome'])
  const producer = log.producer()
  const logDirectory = mkdtempSync(join(tmpdir(), 'flipstream-notifier-'))
  const access =
    mode === 'bot' ? { DISCORD_TOKEN: discord.token, DISCORD_CHANNELS: discord.channelId } : { DISCORD_WEBHOOKS: discord.webhook.url }
  const environment = {
    ...testEnvironment(servers, prefix),
    SESSION_TIMEOUT_MILLISECONDS: sessionTimeoutMillis,
    DISCORD_API_URL: discord.apiUrl,
    DISCORD_TIMEOUT_MILLISECONDS: '2000',
    ...access,
    ...settings,
  }
  const startProcess = createProcesses({ environment, logDirectory })
  const started: AppProcess[] = []

  async function readNotifications(nameOf: (word: Notification) => string): Promise<Map<string, Notification>> {
    const stories = new Map<string, Story>()
    const following = await log.follow([topicName(prefix, 'notifications')], async (records) => {
      for (const { value } of records) {
        const word = await codec.decode('Notification', value as Buffer)
        stories.set(nameOf(word), applyWord(stories.get(nameOf(word)), word))
      }
    })
    await following.caughtUp
    await following.stop()
    return new Map([...stories].map(([name, { newest }]) => [name, newest]))
  }

  return {
    servers,
    prefix,
    discord,
    start(): AppProcess {
      const app = startProcess('notifier')
      started.push(app)
      return app
    },
    async alert(alert: Alert, key = `axie:${alert.scored.listing.item.tokenId}`): Promise<void> {
      const headers = { 'collected-at': String(systemClock.now()) }
      await producer.send([{ topic: topicName(prefix, 'alerts'), key, value: codec.encode('Alert', alert), headers }])
    },
    async outcome(outcome: Outcome): Promise<void> {
      const value = codec.encode('Outcome', outcome)
      await producer.send([{ topic: topicName(prefix, 'outcomes'), key: outcome.alertId, value }])
    },
    /** What the processes said, one after the other. */
    said: () =>
      readdirSync(logDirectory)
        .map((file) => readFileSync(join(logDirectory, file), 'utf8'))
        .join(''),
    /** What stands of each alert, as a notifier that starts reads it. */
    notifications: () => readNotifications(({ alertId }) => alertId),
    /** The same for each kind of place, such as `discord axie:1`. */
    notificationsByPlace: () => readNotifications(({ alertId, channel }) => `${channel.split(':')[0]} ${alertId}`),
    async close(): Promise<void> {
      await Promise.all(started.map((app) => app.stop()))
      await producer.close()
      await discord.close()
      await backend.close()
      rmSync(logDirectory, { recursive: true, force: true })
    },
  }
}

/** Or until it ended. */
export async function untilReady(app: AppProcess): Promise<void> {
  const isReady = async () => (await app.health()).ready
  while (app.child.exitCode === null && app.child.signalCode === null && !(await isReady().catch(() => false))) await systemClock.sleep(50)
}

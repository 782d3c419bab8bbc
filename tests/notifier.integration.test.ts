import { afterEach, describe, expect, inject, it, vi } from 'vitest'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { type NotifierWorld, openNotifierWorld, untilReady } from './notifier-process.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'
import { numberedAlert } from './worlds/discord-world.ts'

const patient = { timeout: 40_000, interval: 100 }
const until = (check: () => unknown) => vi.waitFor(check, patient)
const hour = 3_600_000
const week = 7 * 24 * hour
const monday = Date.UTC(2022, 3, 11)

let world: NotifierWorld
afterEach(() => world.close())

const open = async (mode: 'bot' | 'webhook') => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  world = await openNotifierWorld(servers, runPrefix('notifier'), mode)
}

async function start(): Promise<AppProcess> {
  const notifier = world.start()
  await untilReady(notifier)
  return notifier
}

const statusOf = async (alertId: string) => (await world.notifications()).get(alertId)?.status
const outcomeAt = (id: string, alertedAt: number, change: Parameters<typeof sampleOutcome>[0] = {}) =>
  world.outcome(sampleOutcome({ alertId: id, listingId: `listing ${id}`, alertedAt, ...change }))

describe("the week's summary", { timeout: 180_000 }, () => {
  /** A week of outcomes, and a notifier that is killed in the moment when Discord takes its summary. */
  async function killedWhilePosting(): Promise<void> {
    const notifier = await start()
    let isFirst = true
    world.discord.setFault(() => {
      const posted = world.discord.requests.at(-1)?.body.embeds?.[0]?.title
      if (!isFirst || posted !== 'The week in alerts') return null
      isFirst = false
      notifier.child.kill('SIGKILL')
      return 'cut_after'
    })
    const resold = { status: 'resold', netUsd: 20, netEth: 0.01 } as const
    await outcomeAt('a', monday + hour, resold)
    await outcomeAt('rejected:b', monday + 2 * hour, { ...resold, kind: 'rejected', rejectedFor: 'stale', tokenId: '77', netUsd: 31 })
    await outcomeAt('c', monday + week + hour)
    await notifier.exited
  }

  /** Alive, and done with whatever came before. */
  async function tellsAnAlert(number: number): Promise<void> {
    await world.alert(numberedAlert(number))
    await until(async () => expect(await statusOf(`axie:${number}:1:default`)).toBe('sent'))
  }

  const summaries = () => world.discord.messages().filter(({ embeds }) => embeds[0]?.title === 'The week in alerts')

  it('by a bot: one message when the week is over, not a second one after kill -9 and restarts, and one for the week after', async () => {
    await open('bot')
    await killedWhilePosting()
    const second = await start()
    await until(async () => expect(await statusOf('week:2022-04-11')).toBe('sent'))
    await outcomeAt('d', monday + week + 2 * hour)
    await tellsAnAlert(1)
    await second.stop()
    await start()
    await tellsAnAlert(2)
    expect(summaries()).toHaveLength(1)
    const text = summaries()[0]!.embeds[0]!.description
    expect(text).toMatch(/^\*\*1 alerts\*\* from 2022-04-11 to 2022-04-18/)
    expect(text).toMatch(/\*\*Missed winners\*\* \*\*\+\$31\.00\*\* \[#77\].*seen too late/)
    await outcomeAt('e', monday + 2 * week)
    await until(() => expect(summaries().map(({ embeds }) => embeds[0]!.description)).toMatchObject([/./, /from 2022-04-18 to 2022-04-25/]))
  })

  it('by a webhook: it may have been posted, so it is not posted again, and that is recorded', async () => {
    await open('webhook')
    await killedWhilePosting()
    await start()
    await until(async () => expect(await statusOf('week:2022-04-11')).toBe('unknown'))
    await tellsAnAlert(1)
    expect(summaries()).toHaveLength(1)
  })
})

describe('flipstream controls, from another process', { timeout: 180_000 }, () => {
  const controls = async (...argv: string[]) => {
    const { stdout, stderr, code } = await runCommand(world.servers, ['controls', ...argv], { PREFIX: world.prefix })
    expect(code, stderr).toBe(0)
    return stdout
  }

  it('pause holds alerts, across a restart, until resume; a muted seller’s are dropped meanwhile', async () => {
    await open('bot')
    const first = await start()
    expect(await controls('pause', '--by', 'the night watch')).toMatch(/^paused since .*, by the night watch$/m)
    await controls('mute', '0xBAD')
    await first.stop()
    await start()
    const muted = numberedAlert(2, { scored: scoredWith({ listing: { seller: '0xbad' } }) })
    await world.alert(numberedAlert(1, { deadlineMillis: 600_000 }), 'one partition')
    await world.alert(muted, 'one partition')
    // The second came behind the first: when it is settled, the first has been looked at.
    await until(async () => expect(await statusOf(muted.alertId)).toBe('muted'))
    expect(world.discord.messages()).toEqual([])
    expect(await controls('resume')).not.toMatch(/paused/)
    await until(async () => expect(await statusOf('axie:1:1:default')).toBe('sent'))
    expect(world.discord.messages()).toHaveLength(1)
    expect(JSON.parse(await controls('ls', '--json'))).toMatchObject({ paused: null, killed: null, muted: [{ subject: '0xBAD' }] })
  })
})

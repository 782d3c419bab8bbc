import { afterEach, describe, expect, inject, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createRandom } from '#lib/synthetic/random.ts'
import type { Notification } from '#schemas/types.ts'
import type { Fault, StandIn } from './discord/stand-in.ts'
import { openNotifierWorld, untilReady } from './notifier-process.ts'
import { runPrefix } from './run-prefix.ts'
import { numberedAlert } from './worlds/discord-world.ts'

const alertCount = 300
/** After each part of the alerts, a kill is waited for: however slow the machine, they meet. */
const parts = 10
const partMillis = 2_000
/** After it was ready. */
const killAfterMillis = [50, 2_500] as const
const patienceMillis = 180_000
const deadlineMillis = 600_000
const faultShares: readonly (readonly [Fault, number])[] = [
  ['limited', 0.1],
  ['failed', 0.06],
  ['failed_after', 0.06],
  ['cut', 0.04],
  ['cut_after', 0.04],
]

let closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.reverse()) await close()
  closers = []
})

/** A notifier that is started again whenever it ends. */
type Victim = Readonly<{ kills(): number; spare(): void }>

async function openWorld(mode: 'bot' | 'webhook') {
  const random = createRandom(mode === 'bot' ? 7 : 8)
  const draw = (): Fault | null => {
    let at = random.next()
    for (const [fault, share] of faultShares) {
      at -= share
      if (at < 0) return fault
    }
    return null
  }
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const world = await openNotifierWorld(servers, runPrefix('notifier-kill'), mode, { messagesPerWindow: 8 })
  closers.push(world.close)
  return { ...world, draw, random }
}

type World = Awaited<ReturnType<typeof openWorld>>

async function feed(world: World, from: number, to: number, overMillis: number): Promise<void> {
  const begun = systemClock.monotonic()
  for (let number = from; number <= to; number++) {
    const due = begun + ((number - from) / (to - from + 1)) * overMillis
    await systemClock.sleep(Math.max(0, due - systemClock.monotonic()))
    await world.alert(numberedAlert(number, { deadlineMillis }))
  }
}

function keepAlive(world: World): Victim {
  let kills = 0
  let isSpared = false
  let isClosed = false
  let current = world.start()
  const living = (async () => {
    while (!isClosed) {
      await current.exited
      if (!isClosed) current = world.start()
    }
  })()
  closers.push(async () => {
    isClosed = true
    isSpared = true
    await current.stop()
    await living
  })
  const killing = (async () => {
    while (!isSpared) {
      const victim = current
      await untilReady(victim)
      const [least, most] = killAfterMillis
      await systemClock.sleep(least + world.random.next() * (most - least))
      if (isSpared) return
      if (victim.child.kill('SIGKILL')) kills++
      await victim.exited
      while (current === victim && !isSpared) await systemClock.sleep(20)
    }
  })()
  killing.catch(() => {})
  return {
    kills: () => kills,
    spare: () => {
      isSpared = true
    },
  }
}

const isSettled = ({ status }: Notification) => status !== 'intended'

async function untilSettled(world: World, count: number): Promise<Map<string, Notification>> {
  const deadline = systemClock.monotonic() + patienceMillis
  for (;;) {
    const all = await world.notifications()
    if (all.size === count && [...all.values()].every(isSettled)) return all
    if (systemClock.monotonic() > deadline)
      throw new Error(`only ${[...all.values()].filter(isSettled).length} of ${count} alerts are settled after ${patienceMillis / 1_000} s`)
    await systemClock.sleep(500)
  }
}

/** How often each alert stands in the channel, alone or in a line of a digest. */
function timesPosted(discord: StandIn): Map<string, number> {
  const times = new Map<string, number>()
  const count = (token: string) => times.set(token, (times.get(token) ?? 0) + 1)
  for (const { embeds } of discord.messages()) {
    const [{ title = '', description = '' } = {}] = embeds
    const alone = /^Axie #(\d+) /.exec(title)?.[1]
    if (alone !== undefined) count(alone)
    for (const [, token] of description.matchAll(/\[#(\d+)\]\(/g)) count(token as string)
  }
  return times
}

async function killThrough(mode: 'bot' | 'webhook') {
  const world = await openWorld(mode)
  world.discord.setFault(world.draw)
  const victim = keepAlive(world)
  const size = alertCount / parts
  for (let part = 0; part < parts; part++) {
    const before = victim.kills()
    await feed(world, part * size + 1, (part + 1) * size, partMillis)
    const deadline = systemClock.monotonic() + patienceMillis
    while (victim.kills() === before && systemClock.monotonic() < deadline) await systemClock.sleep(50)
  }
  victim.spare()
  const settled = await untilSettled(world, alertCount)
  const counts = Object.fromEntries([...Map.groupBy(settled.values(), ({ status }) => status)].map(([status, all]) => [status, all.length]))
  console.error(`${mode}: ${victim.kills()} kills, ${world.discord.requests.length} requests, ${JSON.stringify(counts)}`)
  expect(victim.kills()).toBeGreaterThanOrEqual(parts)
  return { world, settled, counts }
}

describe('notifier killed at random during 300 alerts, Discord answering 429 and 5xx and breaking connections', () => {
  it('bot: every alert that was within its deadline is posted, none twice', async () => {
    const { world, settled, counts } = await killThrough('bot')
    expect((counts['sent'] ?? 0) + (counts['coalesced'] ?? 0)).toBe(alertCount)
    expect([...timesPosted(world.discord).values()].every((times) => times === 1)).toBe(true)
    const ids = new Set(world.discord.messages().map(({ id }) => id))
    for (const { messageId } of settled.values()) expect(ids).toContain(messageId)
  })

  it('webhook: none is posted twice, and the unknown ones are counted', async () => {
    const { world, settled, counts } = await killThrough('webhook')
    expect((counts['sent'] ?? 0) + (counts['coalesced'] ?? 0) + (counts['unknown'] ?? 0)).toBe(alertCount)
    expect(counts['unknown']).toBeGreaterThan(0)
    expect([...timesPosted(world.discord).values()].every((times) => times === 1)).toBe(true)
    const ids = new Set(world.discord.messages().map(({ id }) => id))
    for (const { status, messageId } of settled.values()) if (status !== 'unknown') expect(ids).toContain(messageId)
  })
})

it('an alert in its topic is a request to Discord within 50 ms, mostly, and no log line holds a token', async () => {
  const world = await openWorld('bot')
  const notifier = world.start()
  closers.push(() => notifier.stop())
  await untilReady(notifier)
  await feed(world, 1, 30, 40_000)
  await untilSettled(world, 30)
  const { latencies } = await notifier.metrics()
  console.error(`alert to request: ${JSON.stringify(latencies['alert_to_request'])}`)
  expect(latencies['alert_to_request']).toMatchObject({ n: 30 })
  // The figure is printed; this bound only catches what would be another design.
  expect(latencies['alert_to_request']!.p50).toBeLessThan(500)
  expect(notifier.lastLogLines(10_000)).not.toContain(world.discord.token)
})

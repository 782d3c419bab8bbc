import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import {
  createTopology,
  expectCleanHistory,
  expectedOutput,
  feed,
  killAgainAndAgain,
  killWorkers,
  optionsOf,
  startWorker,
  watchOutput,
} from '#lib/stream/testing/kill-rig.ts'
import { type PrivateServer, startPrivateServer } from '../../../tests/private-servers.ts'

/** Real processes, a real broker, SIGKILL: see kill-rig.ts. */

afterEach(killWorkers)

describe('exactly once through two stages', () => {
  const count = 20_000

  it('survives every worker being killed every 2 to 8 seconds', async () => {
    const topology = await createTopology(inject('brokers'))
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    const done = new AbortController()
    const seed = 20_261_123
    const killers = (['relay', 'window'] as const).flatMap((stage, place) =>
      [0, 1].map((index) => killAgainAndAgain(optionsOf(topology, stage, index), seed + place * 2 + index, done.signal)),
    )
    const begun = performance.now()
    await feed(topology, count, 600)
    const seen = await output.complete
    done.abort()
    const kills = (await Promise.all(killers)).reduce((sum, each) => sum + each, 0)
    const seconds = Math.round((performance.now() - begun) / 1_000)
    console.log({ seed, kills, records: count, outputs: seen.flat().length, seconds })
    expect(kills).toBeGreaterThanOrEqual(8)
    expect(seen).toEqual(expected)
    await expectCleanHistory(topology)
    await topology.log.close()
  })
})

describe('exactly once when the broker dies', () => {
  const count = 20_000
  let broker: PrivateServer
  beforeEach(async () => {
    broker = await startPrivateServer('kafka')
  })
  afterEach(() => broker.dispose())

  it('survives the broker being killed and restarted', async () => {
    const topology = await createTopology([broker.address])
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    const workers = (['relay', 'window'] as const).flatMap((stage) => [0, 1].map((index) => startWorker(optionsOf(topology, stage, index))))
    const begun = performance.now()
    const feeding = feed(topology, count, 600)
    let kills = 0
    const killing = (async () => {
      for (const pauseMillis of [8_000, 9_000, 6_000]) {
        await systemClock.sleep(pauseMillis)
        await broker.kill()
        await systemClock.sleep(1_500)
        await broker.start()
        kills++
      }
    })()
    await Promise.all([feeding, killing])
    const seen = await output.complete
    console.log({ kills, records: count, outputs: seen.flat().length, seconds: Math.round((performance.now() - begun) / 1_000) })
    expect(seen).toEqual(expected)
    await expectCleanHistory(topology)
    for (const worker of workers) expect(worker.process.exitCode).toBeNull()
    await topology.log.close()
  })
})

describe('a worker that was frozen', () => {
  const count = 3_000

  it('beyond its session writes nothing more, though it had all but committed', async () => {
    const topology = await createTopology(inject('brokers'))
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    startWorker(optionsOf(topology, 'relay', 0))
    const zombie = startWorker({ ...optionsOf(topology, 'window', 0), holdAt: '1000' })
    await vi.waitUntil(() => zombie.messages.includes('started'), { timeout: 20_000 })
    const feeding = feed(topology, count, 600)
    await vi.waitUntil(() => zombie.messages.includes('holding'), { timeout: 30_000 })
    zombie.process.kill('SIGSTOP')
    startWorker(optionsOf(topology, 'window', 1))
    await feeding
    // The successor can only complete what the zombie held by fencing it.
    await vi.waitUntil(() => output.size() >= expected.flat().length, { timeout: 60_000, interval: 100 })
    zombie.process.kill('SIGCONT')
    zombie.process.send('go on')
    await vi.waitUntil(() => zombie.messages.includes('fenced'), { timeout: 20_000 })
    expect(await output.complete).toEqual(expected)
    await expectCleanHistory(topology)
    await topology.log.close()
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { Consumer, LogAdmin } from '../log.ts'
import { createLagWatch, type LagWatch, type LagWatchOptions } from './lag-watch.ts'
import { noRunnerMetrics, type RunnerMetrics } from './runner-metrics.ts'

const scored = { topic: 'scored', partition: 3 }
const intervalMillis = 5_000

let watch: LagWatch | undefined
afterEach(() => watch?.stop())

/** A log whose end moves, and a member that may stand still. */
function createWorld(options: Partial<LagWatchOptions> = {}) {
  const clock = createManualClock(0)
  const world = {
    first: 0,
    next: 0,
    position: null as number | null,
    committed: null as number | null,
    isAway: false,
    inHandSince: null as number | null,
  }
  const series = new Map<string, { records?: number; seconds: number; uncommitted?: number }>()
  const metrics: RunnerMetrics = {
    ...noRunnerMetrics,
    lag: ({ partition }, { records, seconds }) =>
      void series.set(String(partition), { ...series.get(String(partition)), ...(records !== null && { records }), seconds }),
    uncommitted: ({ partition }, { seconds }) =>
      void series.set(String(partition), { ...series.get(String(partition))!, uncommitted: seconds }),
    givenUp: ({ partition }) => void series.delete(String(partition)),
  }
  const admin = {
    async offsets() {
      if (world.isAway) throw new RetryableError('the brokers are away')
      return [{ partition: 3, first: world.first, next: world.next }]
    },
    committed: async () => (world.committed === null ? null : { offset: world.committed, metadata: '' }),
  } as unknown as LogAdmin
  const consumer = { lag: () => [{ ...scored, records: 0, position: world.position }] } as unknown as Consumer
  watch = createLagWatch({
    admin,
    consumer,
    group: 'g',
    from: 'earliest',
    clock,
    metrics,
    inHandSince: () => world.inHandSince,
    intervalMillis,
    ...options,
  })
  watch.assigned([scored])
  const pass = async (seconds: number) => {
    for (const until = clock.now() + seconds * 1_000; clock.now() < until; ) {
      clock.advanceTo(clock.now() + intervalMillis)
      for (let turn = 0; turn < 20; turn++) await null
    }
  }
  return { world, series, pass, lag: () => series.get('3') }
}

describe('the lag of a partition', () => {
  it('is nothing while all is done, the marker of a transaction at the end included', async () => {
    const { world, pass, lag } = createWorld()
    Object.assign(world, { next: 11, position: 11 })
    await pass(60)
    expect(lag()).toEqual({ records: 0, seconds: 0 })
  })

  it('grows while a member hangs: it is the log that is asked, not the member', async () => {
    const { world, pass, lag } = createWorld()
    Object.assign(world, { next: 10, position: 10 })
    await pass(10)
    world.next = 100
    await pass(5)
    expect(lag()).toEqual({ records: 90, seconds: 0 })
    await pass(7_200)
    expect(lag()).toEqual({ records: 90, seconds: 7_200 })
    world.position = 100
    await pass(5)
    expect(lag()).toEqual({ records: 0, seconds: 0 })
  })

  it('is that of the oldest record in hand, which may have waited before this member had the partition', async () => {
    const { world, pass, lag } = createWorld()
    Object.assign(world, { next: 100, position: 10, inHandSince: -600_000 })
    await pass(5)
    expect(lag()).toEqual({ records: 90, seconds: 605 })
  })

  it('begins where the group stands, before anything was fetched', async () => {
    const { world, pass, lag } = createWorld()
    Object.assign(world, { next: 100, committed: 40 })
    await pass(30)
    expect(lag()).toEqual({ records: 60, seconds: 25 })
  })

  it('begins where the log does, for a group that never committed, or at its end where it begins there', async () => {
    const fromEarliest = createWorld()
    Object.assign(fromEarliest.world, { first: 30, next: 100 })
    await fromEarliest.pass(5)
    expect(fromEarliest.lag()?.records).toBe(70)
    await watch?.stop()
    const fromLatest = createWorld({ from: 'latest' })
    Object.assign(fromLatest.world, { first: 30, next: 100 })
    await fromLatest.pass(5)
    expect(fromLatest.lag()?.records).toBe(0)
  })

  it('goes on growing in seconds while the log is away, and claims no other count of records', async () => {
    const { world, pass, lag } = createWorld()
    Object.assign(world, { next: 10, position: 4 })
    await pass(5)
    world.isAway = true
    await pass(300)
    expect(lag()).toEqual({ records: 6, seconds: 300 })
  })

  it('is the next owner’s to tell once the partition is given up', async () => {
    const { world, series, pass } = createWorld()
    Object.assign(world, { next: 10, position: 4 })
    await pass(10)
    watch!.assigned([])
    expect(series.size).toBe(0)
    await pass(60)
    expect(series.size).toBe(0)
  })

  it('of a sink is what it has not taken, beside what it took and has not made durable', async () => {
    let isDone = true
    let since: number | null = null
    const { world, pass, lag } = createWorld({ isDone: () => isDone, uncommittedSince: () => since })
    Object.assign(world, { next: 10, position: 10 })
    await pass(5)
    expect(lag()).toEqual({ records: 0, seconds: 0, uncommitted: 0 })
    Object.assign(world, { next: 20, position: 20 })
    isDone = false
    since = 5_000
    await pass(60)
    expect(lag()).toEqual({ records: 10, seconds: 55, uncommitted: 60 })
  })
})

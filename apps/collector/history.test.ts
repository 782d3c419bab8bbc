import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Sale } from '#schemas/types.ts'
import { initialState } from './decision.ts'
import { createHistoryTask } from './history.ts'
import { sale, settled } from './testing/market-samples.ts'

type Context = Parameters<typeof createHistoryTask>[0]

/** A list that ends out of reach after its newest sale, and an archive beside it. */
async function historyWith(archived: (from: number, before: number) => Promise<readonly Sale[]>) {
  const newest = sale(1, 10 * 86_400)
  let state = initialState('axie')
  const logged: string[] = []
  const log = (_: object, message: string) => void logged.push(message)
  const context = {
    marketplace: {
      settledSales: async ({ from }: { from: number }) => ({
        ...{ items: from === 0 ? [settled(newest)] : [], rejects: [], count: from === 0 ? 1 : 0, total: from === 0 ? 10_000 : 0 },
        ...{ heldAt: 0, marketTime: newest.soldAt },
      }),
    },
    committer: {
      state: () => state,
      async commit(decide: (from: typeof state) => { state: typeof state }) {
        const decision = decide(state)
        state = decision.state
        return decision
      },
    },
    collecting: { source: 'live', memory: { capacity: 100, firstLookMillis: 0 }, maxEvents: 100 },
    ...{ paging: { size: 100, overlap: 10 }, historyDays: 5, marketTime: () => newest.soldAt, stopping: new AbortController().signal },
    health: { turned() {}, set() {} },
    logger: { info: log, warn: log, error: log },
    // Whoever waits here waits no time at all.
    clock: { ...createManualClock(0), sleep: async () => {} },
    archived,
  }
  await createHistoryTask(context as unknown as Context)()
  return { logged, written: state.recentSaleIds.length, isDone: state.backfillDone }
}

const day = (number: number): Sale => sale(number, number * 86_400)

test('history goes on from our own archive', async () => {
  const asked: number[][] = []
  const { written, isDone } = await historyWith(async (...span) => {
    asked.push(span)
    return [day(6), day(7), day(8)]
  })
  expect(asked).toEqual([[day(5).soldAt, day(10).soldAt]])
  expect(day(10).soldAt - day(5).soldAt).toBe(5 * dayMillis)
  expect([written, isDone]).toEqual([4, true])
})

test('an archive that is away for a moment is waited for', async () => {
  let left = 3
  const { written, logged } = await historyWith(async () => {
    if (left-- > 0) throw new Error('store away')
    return [day(8)]
  })
  expect(written).toBe(2)
  expect(logged).toContain('history: trying again')
  expect(logged).not.toContain('history goes on without our own archive')
})

test('one that stays away is done without, and that is said', async () => {
  const { written, isDone, logged } = await historyWith(() => Promise.reject(new Error('store away')))
  expect([written, isDone]).toEqual([1, true])
  expect(logged).toContain('history goes on without our own archive')
})

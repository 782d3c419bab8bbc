import type { Clock } from '#lib/clock/clock.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Sale } from '#schemas/types.ts'
import { createAskTask, createReferencesTask, createSweepTask } from './errands.ts'
import { createHistoryTask } from './history.ts'
import { type LaneOptions, runLane } from './lane.ts'
import { createListingsTask, createSalesTask } from './news.ts'
import type { TaskContext } from './task-context.ts'

export type CollectorOptions = TaskContext &
  Readonly<{
    historyDays: number
    /** Sales of our own archive from that time on, before the other: for a history that the marketplace no longer tells. */
    archived(from: number, before: number): Promise<readonly Sale[]>
    /** Awaited between history that was written just now and the first look at what is new. */
    beforeLive(): Promise<void>
    /** Milliseconds of the wall clock between two looks. The last two may be 0: never. */
    every: Readonly<{ listings: number; sales: number; sweep: number; askCheck: number }>
    clock: Clock
    health: Health
    stopping: AbortSignal
  }>

/** On a simulated market minutes fly by: references are looked after so often at most, by the wall clock. */
const referencesMillis = 500

/**
 * Collects until told to stop: history first, once, then each kind of news in a lane of its own. Rejects when it cannot go on; a
 * marketplace that is away is no reason.
 */
export async function collect(options: CollectorOptions): Promise<void> {
  const { every, stopping } = options
  const lane = (name: string, everyMillis: number, task: () => Promise<void>): Promise<void> =>
    everyMillis === 0 ? Promise.resolve() : runLane({ ...options, name, everyMillis, task, isMain: name === 'listings' })

  const isFirstTime = !options.committer.state().backfillDone
  await once({ ...options, name: 'history', task: createHistoryTask(options) })
  if (isFirstTime && !stopping.aborted) await options.beforeLive()
  const references = createReferencesTask(options)
  // What listings are priced with comes before the first of them.
  await once({ ...options, name: 'references', task: references })
  if (stopping.aborted) return
  await Promise.all([
    lane('listings', every.listings, createListingsTask(options)),
    lane('sales', every.sales, createSalesTask(options)),
    lane('references', referencesMillis, references),
    lane('sweep', every.sweep, createSweepTask(options)),
    lane('asks', every.askCheck, createAskTask(options)),
  ])
}

/** A lane that ends when its task has been done. */
async function once({ task, stopping, ...lane }: Omit<LaneOptions, 'everyMillis' | 'isMain'>): Promise<void> {
  const done = new AbortController()
  const taskAndEnd = async (): Promise<void> => {
    await task()
    done.abort()
  }
  await runLane({ ...lane, everyMillis: 0, isMain: true, task: taskAndEnd, stopping: AbortSignal.any([stopping, done.signal]) })
}

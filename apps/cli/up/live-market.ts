import { join } from 'node:path'
import { createArchive } from '#lib/archive/archive.ts'
import type { Clock } from '#lib/clock/clock.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { promote } from '#lib/decisions/promote.ts'
import { championOf, readModels } from '#lib/decisions/read-models.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import { openSpentRecord } from '#lib/marketplace/spent-record.ts'
import { liveRules } from '#lib/rules/presets.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { readSpan } from '#lib/training/sales/archived-sales.ts'
import type { ModelAnnounced, Sale } from '#schemas/types.ts'
import { type FirstModel, type TrainingContext, trainFirstModel } from './first-model.ts'
import { fetchHistory } from './live-history.ts'
import type { LivePlan } from './market-plan.ts'

export type LiveContext = TrainingContext &
  Readonly<{
    clock: Clock
    /** Resolves with true when everyone who prices is ready, with false when interrupted before. */
    whenReady(): Promise<boolean>
  }>

/**
 * The model that prices the real market: the one in force, or at the very first start one that learns from the market's own history.
 * Only what learnt from the real market may price it. Null when interrupted.
 */
export async function openLiveMarket(plan: LivePlan, context: LiveContext): Promise<FirstModel | null> {
  const { backend, run, progress, whenReady } = context
  const models = await readModels({ ...backend, prefix: run.prefix })
  const champion = championOf(models)
  if (champion !== null) {
    const model = requireLive(champion, models.announced.get(champion))
    if (!(await whenReady())) return null
    progress.say(`goes on with model ${champion}, learnt until ${new Date(model.trainedUntil).toISOString()}`)
    return model
  }
  const model = await learn(plan, context)
  if (model === null || !(await whenReady())) return null
  const reason = 'first model of the live market'
  await promote({ ...backend, prefix: run.prefix }, { ...model, at: context.clock.now(), source: 'live', rules: liveRules, reason })
  return model
}

async function learn(plan: LivePlan, context: LiveContext): Promise<FirstModel | null> {
  const { clock, progress, signal } = context
  const salesFile = join(checkoutRoot, '.flipstream', 'live', 'history.csv')
  progress.say(`reading the sales of ${plan.collector.HISTORY_DAYS} days from ${plan.collector.MARKETPLACE_URL}`)
  const { log, codec } = context.backend
  const spent = await openSpentRecord({
    ...{ log, codec, prefix: context.run.prefix, clock },
    ...{ apiKey: plan.collector.AXIE_API_KEY, user: 'history', onTrouble: progress.say },
  })
  const history = await fetchHistory(plan, salesFile, { clock, progress, signal, archived: archivedSalesOf(context), spent }).finally(
    spent.close,
  )
  if (history === null) return null
  progress.say(
    `history: ${history.sales} sales${history.leftOut === 0 ? '' : `, ${history.leftOut} left out (eggs, unknown parts, no dollars)`}`,
  )
  return trainFirstModel({ source: 'live', salesFile, playFrom: clock.now() }, context)
}

type Archived = Readonly<{ backend: Pick<LiveContext['backend'], 'store'>; run: Pick<LiveContext['run'], 'name' | 'prefix'> }>

/** What this live run archived when it ran before; none where nothing is archived yet. */
export const archivedSalesOf =
  ({ backend, run }: Archived) =>
  async (from: number, before: number): Promise<readonly Sale[]> => {
    const archive = createArchive({ name: run.name, store: backend.store, prefix: run.prefix })
    if (!(await archive.topics()).some(({ topic }) => topic === 'market.events')) return []
    // A sale is archived by when it was known, which may be a little later.
    const { entries } = await readSpan(archive, { from, until: before + hourMillis, days: null })
    return entries.flatMap(({ event }) => {
      const { kind, value } = payloadOf(event())
      return kind === 'Sale' ? [value] : []
    })
  }

function requireLive(modelId: string, announced: ModelAnnounced | undefined): ModelAnnounced {
  if (announced?.source === 'live') return announced
  const found = announced === undefined ? 'nobody announced it' : `it learnt from a ${announced.source} market`
  throw new FatalError(
    `model ${modelId} is in force, and must not price the real market: ${found}. Promote one that learnt from live sales (flipstream models promote), or begin anew (flipstream runs rm)`,
  )
}

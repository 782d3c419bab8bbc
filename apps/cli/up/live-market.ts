import { join } from 'node:path'
import type { Clock } from '#lib/clock/clock.ts'
import { promote } from '#lib/decisions/promote.ts'
import { championOf, readModels } from '#lib/decisions/read-models.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { openSpentRecord } from '#lib/marketplace/spent-record.ts'
import { liveRules } from '#lib/rules/presets.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { salesOfOwnArchive } from '#lib/training/sales/own-archive.ts'
import type { ModelAnnounced } from '#schemas/types.ts'
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
  const history = await fetchHistory(plan, salesFile, {
    clock,
    progress,
    signal,
    archived: salesOfOwnArchive({ store: context.backend.store, prefix: context.run.prefix }),
    spent,
  }).finally(spent.close)
  if (history === null) return null
  progress.say(
    `history: ${history.sales} sales${history.leftOut === 0 ? '' : `, ${history.leftOut} left out (eggs, unknown parts, no dollars)`}`,
  )
  return trainFirstModel({ source: 'live', salesFile, playFrom: clock.now() }, context)
}

function requireLive(modelId: string, announced: ModelAnnounced | undefined): ModelAnnounced {
  if (announced?.source === 'live') return announced
  const found = announced === undefined ? 'nobody announced it' : `it learnt from a ${announced.source} market`
  throw new FatalError(
    `model ${modelId} is in force, and must not price the real market: ${found}. Promote one that learnt from live sales (flipstream models promote), or start over (flipstream runs rm)`,
  )
}

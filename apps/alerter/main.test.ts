import { expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { defaultRules, defaultRulesHash } from '#lib/rules/presets.ts'
import { rulesHashOf } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { Alert, RejectedCandidate } from '#schemas/types.ts'
import { app } from './main.ts'

it('alerter: judges by published rules, lets listings wait until their rules can be read, and tells what it rejects', async () => {
  const context = await createEmbeddedContext(app.settings)
  const { log, codec, store } = context
  await codec.prepare(['ScoredListing', 'Alert'])
  const alerts: Alert[] = []
  const rejected: RejectedCandidate[] = []
  const followingRejected = await log.follow(['run.candidates.rejected'], async (records) => {
    for (const { value } of records) rejected.push(await codec.decode('RejectedCandidate', value!))
  })
  const following = await log.follow(['run.alerts'], async (records) => {
    for (const { value } of records) alerts.push(await codec.decode('Alert', value!))
  })
  const running = await app.start(context)
  const ownRules = { ...defaultRules, name: 'mine', guards: { ...defaultRules.guards, maximumNovelty: 3 } }
  const ownHash = rulesHashOf(ownRules)
  const send = (number: number, rulesHash: string | null, novelty = 0.2) =>
    log.producer().send([
      {
        topic: 'run.listings.scored',
        key: 'axie:5016355',
        value: codec.encode(
          'ScoredListing',
          scoredWith({
            novelty,
            listing: { listingId: `axie:5016355:${number}`, rulesHash, observedAt: sampleTime + number * 86_400_000 },
            ask: { startedAt: sampleTime + number * 86_400_000 },
          }),
        ),
      },
    ])

  await send(0, null)
  await vi.waitFor(() => expect(alerts.map(({ rulesHash }) => rulesHash)).toEqual([defaultRulesHash]))
  await send(1, ownHash, 2)
  await createRulesStore(store).publish(ownRules)
  await vi.waitFor(() => expect(alerts.map(({ rulesHash }) => rulesHash)).toEqual([defaultRulesHash, ownHash]))
  expect(rejected).toEqual([])
  await send(2, ownHash, 4)
  await vi.waitFor(() => expect(rejected).toMatchObject([{ listingId: 'axie:5016355:2', rulesHash: ownHash, reason: 'novel' }]))

  await running.stop()
  await running.finished
  await following.stop()
  await followingRejected.stop()
})

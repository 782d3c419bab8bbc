import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, it, vi } from 'vitest'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'

const half = 20
const patient = { timeout: 90_000, interval: 500 }
/** Fires for everything that is asked for with money. */
const anything = `version: 1
name: anything
guards: { maximumNovelty: 1000 }
rules:
  - name: any-ask
    when: ask.usd > 0
    secondCheck: { kind: none }
`

let pipeline: Pipeline | undefined
const directory = mkdtempSync(join(tmpdir(), 'flipstream-rules-'))
afterEach(async () => {
  await pipeline?.close()
  rmSync(directory, { recursive: true, force: true })
})

it('rules publish: the next listing is judged by them, without a restart; rules check --against archive counts the same', {
  timeout: 400_000,
}, async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix: runPrefix('rules') })
  const { prefix, backend, playFrom } = pipeline
  const { log, codec } = backend
  await pipeline.ready([...pricingStages, 'archiver'].map((app) => pipeline!.start(app)))
  const judged: { listingId: string; rulesHash: string }[] = []
  const decisions = ['alerts', 'candidates.rejected'] as const
  const following = await log.follow(
    decisions.map((topic) => topicName(prefix, topic)),
    async (records) => {
      for (const { topic, value } of records) {
        const name = topic === topicName(prefix, 'alerts') ? 'Alert' : 'RejectedCandidate'
        judged.push(await codec.decode(name, value as Buffer))
      }
    },
  )
  const file = join(directory, 'anything.yaml')
  writeFileSync(file, anything)
  const rules = async (...argv: string[]) => {
    const { stdout, stderr, code } = await runCommand(servers, ['rules', ...argv, '--json'], { PREFIX: prefix })
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }
  const producer = log.producer()
  await codec.prepare(['MarketEvent'])
  const send = (events: readonly MarketEvent[]) => producer.send(events.map((event) => feedRecord(codec, prefix, event)))
  const listingIds = (events: readonly MarketEvent[]) => new Set(events.map(({ eventId }) => eventId.replace('listing:', '')))
  const judgedAmong = (ids: ReadonlySet<string>) => judged.filter(({ listingId }) => ids.has(listingId))
  // At a third of what they sell for, the forecast of the rules in force wants every one.
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: 2 * half, everyMillis: 1_000, askShare: 0.33 })
  const [before, after] = [feed.listings.slice(0, half), feed.listings.slice(half)]

  await send([...feed.history, ...before])
  await vi.waitFor(() => expect(judgedAmong(listingIds(before)).length).toBeGreaterThan(half / 2), patient)
  const { rulesHash } = await rules('publish', file)
  await send(after)
  await vi.waitFor(() => expect(judgedAmong(listingIds(after))).toHaveLength(half), patient)
  expect(new Set(judgedAmong(listingIds(before)).map((one) => one.rulesHash))).toEqual(new Set([defaultRulesHash]))
  expect(new Set(judgedAmong(listingIds(after)).map((one) => one.rulesHash))).toEqual(new Set([rulesHash]))

  const archived = ['check', file, '--against', 'archive', '--run', prefix.replace(/\.$/, '')]
  await vi.waitFor(async () => expect(await rules(...archived)).toMatchObject({ rulesHash, listings: 2 * half }), patient)
  expect(await rules(...archived)).toMatchObject({ rules: [{ rule: 'any-ask', candidates: 2 * half, fired: 2 * half }] })
  // Everything alerted and nothing resold in time: picks are counted beside those of the set in force, which is the same one.
  const { money } = await rules(...archived)
  expect(money).toMatchObject({ tried: { name: 'anything', picks: 2 * half }, inForce: { name: 'anything', picks: 2 * half } })
  expect(money.difference).toMatchObject({ moreUsdPerDay: 0 })

  expect(await rules('publish', 'classic', '--reason', 'trial')).toMatchObject({ name: 'classic' })
  expect(await rules('rollback')).toMatchObject({ name: 'anything', rulesHash })
  const { inForce, changes } = await rules('ls')
  expect(inForce).toEqual({ rulesHash, name: 'anything' })
  expect(changes.map(({ name, reason }: Record<'name' | 'reason', string>) => [name, reason])).toEqual([
    expect.arrayContaining(['default']),
    ['anything', 'by hand'],
    ['classic', 'trial'],
    ['anything', 'rollback: by hand'],
  ])
  await producer.close()
  await following.stop()
})

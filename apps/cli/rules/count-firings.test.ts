import { describe, expect, it, vi } from 'vitest'
import { app as archiver } from '#app/archiver/main.ts'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { createArchive } from '#lib/archive/archive.ts'
import { parseRulesFile } from '#lib/rules/rules-file.ts'
import { sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { countArchived, createFiringCounter } from './count-firings.ts'
import { formatFirings } from './format.ts'

const rules = parseRulesFile(
  `name: mine
rules:
  - name: cheap
    when: ask.usd < 0.6 * forecast.q50
    maximumAlertsPerHour: 1
  - name: third-sale
    when: similarSales[2].usd > ask.usd
  - name: never
    when: item.class == "dusk"
`,
  'mine.yaml',
)

const at = (minutes: number, tokenId: string, change = {}) =>
  scoredWith({
    listing: { observedAt: sampleTime + minutes * 60_000, item: { ...sampleScored.listing.item, tokenId } },
    ask: { startedAt: sampleTime + minutes * 60_000 },
    ...change,
  })

const record = (offset: number) => ({ topic: 'listings.scored', partition: 0, offset, timestamp: 0, key: null, headers: {} })

describe('how often rules would have fired', () => {
  const counter = createFiringCounter(rules)
  const listings = [
    at(0, '1'),
    at(1, '1'), // cool-down
    at(2, '2'), // hourly limit
    at(3, '3', { novelty: 3 }),
    at(24 * 60, '4', { context: { similarSales: [] } }),
  ]
  for (const [offset, scored] of listings.entries()) counter.add(scored, record(offset))

  it('counts as the alerter decides: candidates, refusals by reason, silence, and what could not be asked', () => {
    expect(counter.result()).toEqual({
      listings: 5,
      from: sampleTime,
      to: sampleTime + 24 * 3_600_000,
      rules: [
        { rule: 'cheap', candidates: 5, fired: 2, refused: { novel: 1, silenced: 2 }, unanswerable: 0, problem: null },
        {
          rule: 'third-sale',
          candidates: 4,
          fired: 2,
          refused: { novel: 1, silenced: 1 },
          unanswerable: 1,
          problem: expect.stringContaining('index 2'),
        },
        { rule: 'never', candidates: 0, fired: 0, refused: {}, unanswerable: 0, problem: null },
      ],
    })
  })

  it('is shown as a table', () => {
    expect(formatFirings(counter.result())).toMatch(
      /^5 listings from 2022-04-16 12:00 to 2022-04-17 12:00 UTC\n\nrule +fired +a day +candidates +refused\ncheap +2 +2\.0 +5 +novel 1, silenced 2\n/,
    )
    expect(formatFirings(createFiringCounter(rules).result())).toMatch(/nothing to try/)
  })

  it('counts the same over what was archived', async () => {
    const context = await createEmbeddedContext(archiver.settings, {
      env: { ARCHIVE_TOPICS: 'listings.scored', ARCHIVE_IDLE_SECONDS: '0.1' },
    })
    const { log, codec, store } = context
    await codec.prepare(['ScoredListing'])
    await log.producer().send(
      listings.map((scored) => ({
        topic: 'run.listings.scored',
        key: 'all of one partition',
        value: codec.encode('ScoredListing', scored),
      })),
    )
    const running = await archiver.start(context)
    const archived = async () => (await context.metrics.snapshot()).values['archived_records_total']
    await vi.waitFor(async () => expect(await archived()).toBe(listings.length), { timeout: 10_000 })
    await running.stop()
    const archive = createArchive({ name: 'run', store, prefix: 'run.' })
    expect(await countArchived(rules, archive, () => {})).toMatchObject(counter.result())
  })
})

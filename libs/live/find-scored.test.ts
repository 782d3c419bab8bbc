import { beforeAll, describe, expect, it, vi } from 'vitest'
import { app as archiver } from '#app/archiver/main.ts'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { createArchive } from '#lib/archive/archive.ts'
import { itemKey } from '#lib/market/event.ts'
import { sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { findArchivedScored, findScored, readSubject } from './find-scored.ts'

const subject = (tokenId: string, listingId: string | null = null) => ({ tokenId, listingId })
const listed = (tokenId: string, minute: number): ScoredListing =>
  scoredWith({
    listing: {
      listingId: `axie:${tokenId}:${minute}`,
      observedAt: sampleTime + minute * 60_000,
      item: { ...sampleScored.listing.item, tokenId },
    },
  })

describe('what people call a listing', () => {
  it.each([
    ['5016355', subject('5016355')],
    [' #5016355 ', subject('5016355')],
    ['axie:5016355:1650110388000', subject('5016355', 'axie:5016355:1650110388000')],
    ['axie:5016355:1650110388000:my-rule', subject('5016355', 'axie:5016355:1650110388000')],
    ['https://app.axieinfinity.com/marketplace/axies/5016355/', subject('5016355')],
    ['https://marketplace.axieinfinity.com/axie/5016355?referrer=x', subject('5016355')],
  ])('%s', (text, found) => {
    expect(readSubject(text)).toEqual(found)
  })

  it.each(['', 'five', 'axie:5016355', '-5', 'https://app.axieinfinity.com/marketplace/', '1'.repeat(21)])('not %j', (text) => {
    expect(() => readSubject(text)).toThrow(/expected an axie's number/)
  })
})

describe('the record of a listing', () => {
  const count = 2_500
  let context: Awaited<ReturnType<typeof createEmbeddedContext<typeof archiver.settings>>>

  beforeAll(async () => {
    context = await createEmbeddedContext(archiver.settings, { env: { ARCHIVE_TOPICS: 'listings.scored', ARCHIVE_IDLE_SECONDS: '0.1' } })
    const { log, codec } = context
    await codec.prepare(['ScoredListing'])
    const bytes = codec.encode('ScoredListing', listed('9', 9))
    const records = [listed('7', 1), listed('8', 1), listed('7', 2)].map((scored) => ({
      topic: 'run.listings.scored',
      key: itemKey(scored.listing.item.tokenId),
      value: codec.encode('ScoredListing', scored),
    }))
    // More than is looked through at first; and what cannot be read is passed over.
    const others = Array.from({ length: count }, () => ({ topic: 'run.listings.scored', key: itemKey('9'), value: bytes, partition: 0 }))
    await log.producer().send([...records, { ...records[0]!, value: Buffer.from('garbage') }, ...others])
  }, 30_000)

  it('is found in the log: the newest of an axie, or the listing that was named', async () => {
    const idOf = async (tokenId: string, listingId: string | null = null) =>
      (await findScored({ ...context, prefix: 'run.' }, subject(tokenId, listingId)))?.listing.listingId ?? null
    expect(await idOf('7')).toBe('axie:7:2')
    expect(await idOf('7', 'axie:7:1')).toBe('axie:7:1')
    expect(await idOf('7', 'axie:7:3')).toBeNull()
    expect(await idOf('70')).toBeNull()
  })

  it('is found in the archive', async () => {
    const running = await archiver.start(context)
    const archived = async () => (await context.metrics.snapshot()).values['archived_records_total']
    await vi.waitFor(async () => expect(await archived()).toBe(count + 4), { timeout: 20_000 })
    await running.stop()
    const archive = createArchive({ name: 'run', store: context.store, prefix: 'run.' })
    const idOf = async (tokenId: string, listingId: string | null = null) =>
      (await findArchivedScored(archive, subject(tokenId, listingId)))?.listing.listingId ?? null
    expect(await idOf('7')).toBe('axie:7:2')
    expect(await idOf('7', 'axie:7:1')).toBe('axie:7:1')
    expect(await idOf('70')).toBeNull()
  }, 30_000)
})

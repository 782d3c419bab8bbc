/**
 * The page as people see it, on a market that is made up: light, dark and on a phone, each view, busy and empty, as pictures to look at.
 *   node bin/node.mjs scripts/preview/page-preview.ts FOLDER [--docs | --only NAME]      (--docs: those of docs/pictures; --only: those whose name holds it)
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { partTypes } from '#lib/axie/parts.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { consumers } from '#lib/market/consumers.ts'
import {
  challengerNamedEvent,
  listingEvent,
  modelBarredEvent,
  modelPromotedEvent,
  modelRolledBackEvent,
  modelsComparedEvent,
} from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { topicName } from '#lib/market/topics.ts'
import { smallModel } from '#lib/model/testing/model-samples.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { ItemProfile, MarketEvent, ScoredListing } from '#schemas/types.ts'
import { type Browser, complaintsOf, openBrowser } from '../../tests/browser.ts'
import { type DashboardWorld, openDashboardWorld } from '../../tests/worlds/dashboard-world.ts'

const hour = 3_600_000
/** A little after the last of the sales that the world has. */
const now = (someSales(400, 1)[399] as MarketEvent).observedAt + 60_000
const seed = 3
const listingCount = 90
const alertCount = 80

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { docs: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const folder = positionals[0]
if (folder === undefined) throw new Error('usage: node bin/node.mjs scripts/preview/page-preview.ts FOLDER [--docs]')
mkdirSync(folder, { recursive: true })

/** One in ten of what can set an axie apart, so that cards of them are seen too. */
const apart = (number: number): NonNullable<ItemProfile['attributes']> | null =>
  number % 10 !== 0
    ? null
    : {
        ...{ title: 'origin', bodyShape: null, level: 12, onchainLevel: 3, isBanned: false, evolvedParts: 2, nightmareParts: 0 },
        ...{ mystic: number % 20 === 0 ? 1 : 0, japanese: 0, xmas: 0, summer: 0, unknownParts: 0 },
        accessories: [{ name: 'Straw Hat', rarity: 'Rare' }],
      }

/** What stands beside it: who bids, what its collection asks, how it was when it was sold last. */
const besideOf = (attributes: ItemProfile['attributes'], priceUsd: number) =>
  attributes == null
    ? {}
    : {
        bids: { count: 3, usd: priceUsd * 0.55, token: 'ETH', amount: (priceUsd * 0.55) / 3_000 },
        collection: { name: attributes.mystic ? 'mystic' : 'origin', floorUsd: priceUsd * 1.7, asks: 12 },
        ownLastSale: { usd: priceUsd * 0.6, soldAt: now - 200 * hour, breedCount: 0, relative: null, level: 3, evolvedParts: 0 },
      }

const evolved = (parts: ItemProfile['parts']): ItemProfile['parts'] => ({ ...parts, back: `${parts.back}-2`, tail: `${parts.tail}-2` })

function itemOf(sold: SoldAxie, number: number): ItemProfile {
  const parts = partTypes.map((type) => sold.parts[type])
  const { tokenId, class: axieClass, breedCount } = sold
  const profile = profileOf({ tokenId, class: axieClass, breedCount, genes: null, parts, image: null })
  const attributes = apart(number)
  return { ...profile, ...(attributes !== null && { parts: evolved(profile.parts) }), attributes }
}

/** A scored listing around what the axie would sell for. `share`: of it that is asked. */
function scoredOf(sold: SoldAxie, number: number, share: number): ScoredListing {
  const observedAt = now - (listingCount - number) * 37_000
  const around = (spread: number) => ({
    ...{ q05: sold.priceUsd * (1 - spread * 2), q25: sold.priceUsd * (1 - spread), q50: sold.priceUsd },
    ...{ q75: sold.priceUsd * (1 + spread), q95: sold.priceUsd * (1 + spread * 2.6) },
  })
  const askUsd = Math.max(0.2, sold.priceUsd * share)
  const item = itemOf(sold, number)
  const { bids = null, ...context } = besideOf(item.attributes, sold.priceUsd)
  return scoredWith({
    listing: { listingId: `axie:${sold.tokenId}:${observedAt - 4_000}`, observedAt, item, bids },
    context,
    ask: { usd: askUsd, eth: askUsd / 3_000, startedAt: observedAt - 4_000 },
    quantilesUsd: around(0.18),
    exit: around(0.13),
    mean: sold.priceUsd * 1.04,
    demand: { usd: sold.priceUsd, h1: 0.08, h6: 0.3, h24: 0.3 + (number % 6) * 0.11, h72: 0.9 },
  })
}

async function playMarket(world: DashboardWorld): Promise<void> {
  await playModels(world, (await world.openMarket()).modelId)
  const sales = syntheticSales({ seed, start: now - 300 * hour, salesPerHour: 200 })
  for (let number = 0; number < listingCount; number++)
    await playListing(world, scoredOf(sales.next().value, number, 0.75 + (number % 9) * 0.06))
  for (let number = 0; number < alertCount; number++)
    await playAlert(world, scoredOf(sales.next().value, number, 0.5 + (number % 4) * 0.05), number)
  for (let number = 0; number < alertCount; number++) await playPaper(world, number)
  await world.log.idle()
  await buySome(world)
  await commitAll(world)
}

/** Two rules, the ancestor's and who buys at random, over three days. */
async function playPaper(world: DashboardWorld, number: number): Promise<void> {
  const account = ['default', 'half-price', 'preset:classic', 'preset:random'][number % 4]!
  const state = (['resold', 'alike', 'unsold', 'alike', 'offered', 'missed'] as const)[number % 6]!
  const alertedAt = now - (alertCount - number) * hour
  const gainUsd = state === 'unsold' ? -12 : 5 + (number % 7) * 3
  const ended = state === 'offered' || state === 'missed' ? {} : { endedAt: alertedAt + 6 * hour, priceUsd: 40, gainUsd }
  const missedFor = state === 'missed' ? 'gone' : null
  const tradeId = `${account}/${number}`
  await world.send(
    'paper.trades',
    tradeId,
    samplePaperTrade({ tradeId, account, state, alertedAt, boughtAt: alertedAt, missedFor, ...ended }),
  )
}

async function buySome(world: DashboardWorld): Promise<void> {
  const { listings } = (await (await world.get('/api/listings?limit=4')).json()) as { listings: { axieId: string; askUsd: number }[] }
  const headers = { 'content-type': 'application/json' }
  for (const { axieId, askUsd } of listings)
    await world.get('/api/positions', { method: 'POST', headers, body: JSON.stringify({ axieId, priceUsd: askUsd }) })
}

/** A model that was promoted and rolled back, and one that is compared now: hours of blocks in minutes. */
async function playModels(world: DashboardWorld, first: string): Promise<void> {
  const [second, third] = [await smallModel(2), await smallModel(3)]
  for (const bundle of [second, third]) await world.publish(bundle)
  const { modelId, manifest } = second
  const featureSetHash = manifest.featureSet.hash
  const seen = (hoursAgo: number) => ({ observedAt: now - hoursAgo * hour, origin: 'live', source: 'synthetic' }) as const
  const blocks = async (champion: string, other: string, from: number, to: number, better: number) => {
    const since = seen(from).observedAt
    for (let block = 0; from - (block + 1) * 0.1 > to; block++) {
      const at = seen(from - (block + 1) * 0.1)
      const losses = (id: string, share: number) => ({ modelId: id, sales: 200, championLoss: 12, difference: 12 * share, squares: 0.1 })
      const others = [
        losses(other, better + 0.02 * Math.sin(block)),
        losses('rule:similar-sales', -0.35 - 0.05 * Math.sin(block * 2) - better),
      ]
      const compared = {
        block,
        champion: { modelId: champion, since },
        from: at.observedAt - hour / 10,
        to: at.observedAt,
        others,
        alertedSales: 3,
      }
      await world.market(modelsComparedEvent(compared, at))
    }
  }
  const better = { featureSetHash, reason: 'challenger shown better by 5.1% (between +0.8% and +9.4% on 4,200 sales)' }
  const back = { featureSetHash, reason: 'previous champion shown better by 8.2% (between +2.1% and +14.3% on 3,000 sales)' }
  await world.market(challengerNamedEvent({ modelId, featureSetHash, trainedUntil: 1, reason: 'trainer: median error 9.7%' }, seen(6)))
  await blocks(first, modelId, 6, 4, 0.05)
  await world.market(modelPromotedEvent({ ...better, modelId }, seen(4)))
  await blocks(modelId, first, 4, 2, 0.08)
  await world.market(modelRolledBackEvent({ ...back, modelId: first }, seen(2)))
  await world.market(modelBarredEvent({ modelId, reason: back.reason }, seen(2)))
  await world.market(
    challengerNamedEvent({ modelId: third.modelId, featureSetHash, trainedUntil: 2, reason: 'trainer: median error 9.5%' }, seen(1.9)),
  )
  await blocks(first, third.modelId, 2, 0, 0.02)
}

/** As if every stage had read all there is: the page then says that it is live. */
async function commitAll({ log }: DashboardWorld): Promise<void> {
  const producer = log.transactionalProducer('preview')
  await producer.fence()
  for (const { app, input } of consumers) {
    const topic = topicName('run.', input)
    for (const { partition, next } of await log.admin().offsets(topic))
      await producer.commitTransaction({
        records: [],
        position: { group: `run.${app}`, partition: { topic, partition }, committed: { offset: next, metadata: '' } },
      })
  }
}

/** Scored, and on offer, so that it can be asked for. */
async function playListing(world: DashboardWorld, scored: ScoredListing): Promise<void> {
  const { listingId, item, seller, observedAt, ask } = scored.listing
  const wei = usdToWei(ask.usd, 3_000)
  const prices = { basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei, currentPriceUsd: ask.usd.toFixed(2) }
  const raw = {
    tokenId: item.tokenId,
    class: item.class,
    breedCount: item.breedCount,
    genes: null,
    parts: Object.values(item.parts),
    image: null,
  }
  const offer = {
    listingId,
    item: raw,
    seller,
    ask: { kind: 'fixed', paymentToken: '', durationSeconds: 0, startedAt: ask.startedAt, ...prices } as const,
  }
  await world.market(listingEvent(offer, { observedAt, origin: 'live', source: 'synthetic' }))
  await world.send('listings.scored', 'k', scored)
}

async function playAlert(world: DashboardWorld, scored: ScoredListing, number: number): Promise<void> {
  const alert = sampleAlert(scored, {
    netGainUsd: scored.exit!.q50 * 0.9575 - scored.listing.ask.usd,
    netGainLowUsd: scored.exit!.q25 * 0.9575 - scored.listing.ask.usd,
  })
  await world.send('alerts', 'k', alert)
  const { listingId, item, ask } = scored.listing
  const resoldUsd = scored.quantilesUsd.q50 * (0.5 + (number % 5) * 0.2)
  const resold = { status: 'resold', resoldUsd, resoldAt: now + hour, netUsd: resoldUsd * 0.9575 - ask.usd } as const
  const about = { listingId, tokenId: item.tokenId, askUsd: ask.usd, alertedAt: now - Math.floor(number / 30) * 24 * hour }
  if (number % 3 !== 0)
    await world.send('outcomes', 'k', sampleOutcome({ alertId: alert.alertId, ...about, ...(number % 3 === 1 ? resold : {}) }))
  await world.send(
    'outcomes',
    'k',
    sampleOutcome({ alertId: `random:${listingId}`, kind: 'random', ...about, ...resold, netUsd: (number % 7) - 4 }),
  )
  const rejectedFor = (['stale', 'second_check_asks', 'bulk_seller'] as const)[number % 3]!
  await world.send(
    'outcomes',
    'k',
    sampleOutcome({ alertId: `rejected:${listingId}x`, kind: 'rejected', rejectedFor, ...about, listingId: `${listingId}x` }),
  )
}

type Look = Readonly<{
  name: string
  hash?: string
  dark?: boolean
  width?: number
  height?: number
  whole?: boolean
  before?(page: Page): Promise<unknown>
}>

/** The reasons of an evolved, levelled Origin, on the screen. */
async function openOrigin(page: Page): Promise<void> {
  const card = page.locator('.card', { hasText: 'Origin' }).first()
  await card.locator('details summary').first().click()
  await card.scrollIntoViewIfNeeded()
}

const looks: readonly Look[] = [
  { name: 'now-light', whole: true },
  { name: 'now-dark', dark: true },
  { name: 'now-1024', width: 1024 },
  { name: 'now-phone', width: 390, height: 844, whole: true },
  { name: 'now-why', before: (page) => page.locator('.card details summary').first().click() },
  { name: 'now-origin', before: openOrigin },
  { name: 'now-origin-phone', width: 390, height: 844, before: openOrigin },
  { name: 'now-rules', dark: true, before: (page) => page.locator('.card').first().getByText('Rules', { exact: true }).click() },
  { name: 'now-health', before: (page) => page.locator('#health summary').click() },
  { name: 'money-light', hash: '#money' },
  { name: 'money-dark', hash: '#money', dark: true },
  { name: 'money-phone', hash: '#money', width: 390, height: 844, whole: true },
  { name: 'models-light', hash: '#models' },
  { name: 'models-dark', hash: '#models', dark: true },
  { name: 'models-phone', hash: '#models', width: 390, height: 844, whole: true },
  {
    name: 'price',
    before: async (page) => {
      await page.locator('.listings .axie').first().click()
      await page.locator('#answer-body > *').nth(2).waitFor()
    },
  },
]

async function look(
  browser: Browser,
  world: DashboardWorld,
  prefix: string,
  { name, hash = '', dark = false, width = 1280, height = 900, whole = false, before }: Look,
) {
  const context = await browser.context({ width, height, dark })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(`${world.url}/${hash}`)
  await page.locator('#link[data-connected=yes]').waitFor()
  await systemClock.sleep(1_000)
  await before?.(page)
  await systemClock.sleep(500)
  await page.screenshot({ path: join(folder as string, `${prefix}${name}.png`), fullPage: whole })
  await context.close()
  process.stderr.write(`${prefix}${name}.png${complaints.length === 0 ? '' : `: ${complaints.join('; ')}`}\n`)
}

const browser = await openBrowser()
if (!values.docs && values.only === undefined) {
  const empty = await openDashboardWorld()
  for (const one of looks.filter(({ name }) => ['now-light', 'now-phone', 'money-light', 'models-light'].includes(name)))
    await look(browser, empty, 'empty-', one)
  await empty.close()
}
const world = await openDashboardWorld()
await playMarket(world)
if (values.docs) {
  await look(browser, world, 'dashboard-', { name: 'light' })
  await look(browser, world, 'dashboard-', { name: 'dark', dark: true })
} else for (const one of looks.filter(({ name }) => name.includes(values.only ?? ''))) await look(browser, world, '', one)
await world.close()
await browser.close()
process.exit(0)

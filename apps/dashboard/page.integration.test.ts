import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { listingEvent, listingIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Item } from '#schemas/types.ts'
import { type Browser, type ContextOptions, complaintsOf, openBrowser, seriousFindings } from '../../tests/browser.ts'
import { type DashboardWorld, openDashboardWorld } from '../../tests/worlds/dashboard-world.ts'

// The page in a real browser, on the dashboard as it runs.

let browser: Browser
let world: DashboardWorld
beforeAll(async () => {
  browser = await openBrowser()
}, 300_000)
afterAll(() => browser?.close())

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function openWorld(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  world = await openDashboardWorld(settings)
  open.push(world.close)
}

async function visit(options: ContextOptions = {}, path = '/'): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.context(options)
  open.push(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(`${world.url}${path}`)
  return { page, complaints }
}

const isLive = (page: Page) => page.locator('#link[data-connected=yes]').waitFor()
const send = (number: number) =>
  world.send(
    'listings.scored',
    'k',
    scoredWith({ listing: { listingId: `listing ${number}`, item: { ...sampleScored.listing.item, tokenId: String(number) } } }),
  )

/** An axie that is on offer, so that it can be asked for. */
const knownItem: Item = {
  tokenId: '4242',
  class: 'Plant',
  breedCount: 1,
  genes: null,
  parts: ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam'],
  image: null,
}

async function offer(item: Item): Promise<void> {
  const wei = usdToWei(30, 3_000)
  const startedAt = 1_649_700_000_000
  const ask = {
    kind: 'fixed',
    paymentToken: '',
    durationSeconds: 0,
    currentPriceUsd: '30',
    startedAt,
    basePriceWei: wei,
    endedPriceWei: wei,
    currentPriceWei: wei,
  } as const
  const listing = { listingId: listingIdOf(item.tokenId, startedAt), item, seller: '0xabc', ask }
  await world.market(listingEvent(listing, { observedAt: startedAt + 1_000, origin: 'live', source: 'synthetic' }))
  await world.log.idle()
}

describe('the page', () => {
  test('empty: says that nothing has come yet, and claims nothing', async () => {
    await openWorld()
    const { page, complaints } = await visit()
    await isLive(page)
    await page.getByText('No listing yet').waitFor()
    await page.getByText('No alert yet').waitFor()
    expect(await page.locator('#stamp').isHidden()).toBe(true)
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('live: listings, alerts and their outcome appear as they come, SIMULATED on each; no serious finding, light or dark', async () => {
    await openWorld()
    await world.openMarket()
    const { page, complaints } = await visit({ dark: true })
    await isLive(page)
    await send(1)
    await page.locator('#listing-rows tr').waitFor()
    const alert = sampleAlert(sampleScored)
    await world.send('alerts', 'k', alert)
    const card = page.locator('.card')
    await card.waitFor()
    await card.getByText('Why', { exact: true }).click()
    expect(await card.innerText()).toMatch(/SIMULATED[\s\S]*Worth\s+\$151[\s\S]*\+\$44\.48 lower quartile[\s\S]*leaves \$124\.48/)
    expect(await card.getByRole('link').getAttribute('href')).toBe('https://app.axieinfinity.com/marketplace/axies/5016355/')
    await card.getByText('Rules', { exact: true }).click()
    await card.getByText('It passes at an ask of at most').waitFor()
    expect(await page.title()).toMatch(/SIMULATED/)
    const resold = { resoldAt: sampleTime + 3_600_000, resoldUsd: 140, netUsd: 54.05, netEth: 0.018, goneAt: sampleTime }
    await world.send('outcomes', 'k', { alertId: alert.alertId, status: 'resold', ...resold } as never)
    await card.getByText('+$54.05 after the fee').waitFor()
    const missed = { alertId: 'rejected:x', kind: 'rejected', listingId: 'x', tokenId: '77', rejectedFor: 'stale' } as const
    await world.send('outcomes', 'k', sampleOutcome({ ...missed, status: 'resold', netUsd: 30 }))
    await page.getByText('Missed +$30.00: axie #77 at $80.00, seen too late.').waitFor()
    expect(await page.locator('#missed tbody').innerText()).toMatch(/seen too late\s+1\s+1\s+0/)
    await page.locator('#levels-plot canvas').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    const light = await visit()
    await light.page.locator('.card').waitFor()
    expect(await seriousFindings(light.page)).toEqual([])
    expect([...complaints, ...light.complaints]).toEqual([])
  })

  test('an axie is priced by its number, by keyboard alone; an unknown one is said to be', async () => {
    await openWorld()
    await world.openMarket()
    await offer(knownItem)
    const { page, complaints } = await visit()
    await isLive(page)
    await page
      .getByRole('searchbox')
      .or(page.getByLabel('Number of an axie', { exact: false }))
      .focus()
    await page.keyboard.type('4242')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Why', { exact: true }).waitFor()
    expect(await dialog.innerText()).toMatch(/SIMULATED[\s\S]*likely \$[\s\S]*asks \$30\.00/)
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByLabel('Number of an axie', { exact: false }).fill('https://app.axieinfinity.com/marketplace/axies/4242/?referrer=me')
    await page.keyboard.press('Enter')
    await dialog.getByText('Axie #4242').waitFor()
    await page.keyboard.press('Escape')
    await page.getByLabel('Number of an axie', { exact: false }).fill('no axie')
    await page.keyboard.press('Enter')
    expect(await dialog.count()).toBe(0)
    await page.getByLabel('Number of an axie', { exact: false }).fill('77')
    await page.keyboard.press('Enter')
    await dialog.getByText('POST its parts').waitFor()
    // The browser itself notes that an answer was 404.
    expect(complaints.filter((complaint) => !complaint.includes('404'))).toEqual([])
  })

  test('money: one table, narrowed, sorted and paged, beside the profit of each day; models are a view of their own', async () => {
    await openWorld()
    await world.send('listings.scored', 'k', scoredWith({}))
    for (let number = 0; number < 60; number++) {
      const resold = { status: 'resold', resoldUsd: 140, netUsd: number - 10, tokenId: String(9_000 + number) } as const
      await world.send('outcomes', 'k', sampleOutcome({ alertId: `alert ${number}`, ...resold }))
      await world.send('outcomes', 'k', sampleOutcome({ alertId: `random:${number}`, kind: 'random', ...resold, netUsd: -1 }))
    }
    await world.log.idle()
    const { page, complaints } = await visit({ dark: true }, '/#money')
    await isLive(page)
    await page.getByText('1 to 50 of 120').waitFor()
    expect(await page.locator('.profit tbody').innerText()).toMatch(
      /2022-04-16\s+default\s+60\s+60\s+49 of 60\s+\+\$1,170\s+\$0\.00\s+-\$60\.00\s+\+\$1,230/,
    )
    await page.locator('.filters [name=kind]').selectOption('alert')
    await page.getByText('1 to 50 of 60').waitFor()
    await page.getByRole('button', { name: 'Gain' }).click()
    await page.locator('.trades tbody tr').first().getByText('+$49.00').waitFor()
    expect(await page.locator('th[data-key=gain]').getAttribute('aria-sort')).toBe('descending')
    await page.locator('.filters [name=q]').fill('https://app.axieinfinity.com/marketplace/axies/9003/')
    await page.getByText('1 to 1 of 1').waitFor()
    expect(await page.locator('.trades tbody').innerText()).toMatch(/#9003[\s\S]*-\$7\.00/)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    expect((await download).suggestedFilename()).toBe('flipstream-trades.csv')
    expect(await seriousFindings(page)).toEqual([])
    await page.getByRole('link', { name: 'Models' }).click()
    await page.getByText('No model yet').waitFor()
    await page.goBack()
    await page.getByText('1 to 1 of 1').waitFor()
    expect(complaints).toEqual([])
  })

  test('what is not live is not shown as live: a model is being trained', async () => {
    await openWorld()
    await offer(knownItem)
    const { page } = await visit()
    await isLive(page)
    await page.locator('#link[data-state=training]').waitFor()
    await page.getByRole('alert').getByText('being trained').waitFor()
    expect(await page.locator('#link').innerText()).toBe('training')
  })

  test('hours of listings leave sixty rows, and paused ones wait', async () => {
    await openWorld()
    const { page, complaints } = await visit()
    await isLive(page)
    for (let number = 0; number < 2_000; number++) await send(number)
    await page.getByText('#1999').waitFor()
    expect(await page.locator('#listing-rows tr').count()).toBe(60)
    await page.getByRole('button', { name: 'Pause' }).click()
    await send(5_000)
    await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor()
    expect(await page.getByText('#5000').count()).toBe(0)
    await page.getByRole('button', { name: /Resume/ }).click()
    await page.getByText('#5000').waitFor()
    await page.locator('#class-filter').selectOption('bird')
    await page.getByText('No listing of this class').waitFor()
    expect(complaints).toEqual([])
  })

  test('what the market says is text, whatever it says', async () => {
    await openWorld()
    const nasty = '<img src=x onerror="globalThis.owned=1"><script>globalThis.owned=1</script>\u202e\u200b'
    const item = {
      ...sampleScored.listing.item,
      tokenId: nasty,
      class: nasty,
      image: 'javascript:globalThis.owned=1',
      parts: { eyes: nasty, ears: nasty, mouth: nasty, horn: nasty, back: nasty, tail: nasty },
    }
    const scored = { ...scoredWith({ listing: { listingId: nasty, item } }), modelId: nasty, backend: nasty }
    await world.send('listings.scored', 'k', scored)
    await world.send('alerts', 'k', sampleAlert(scored, { alertId: nasty, rule: nasty, reason: `${nasty}${'x'.repeat(6_000)}` }))
    const { page, complaints } = await visit()
    await page.locator('.card').getByText('Why', { exact: true }).click()
    await page.locator('#listing-rows tr').waitFor()
    expect(await page.evaluate(() => (globalThis as { owned?: number }).owned)).toBeUndefined()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.locator('.card').innerText()).not.toMatch(/[\u202e\u200b]/)
    const width = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(width).toBe(0)
    expect(complaints).toEqual([])
  })

  test('Money shows what is held, with what to ask for it, and what rules earn on paper', async () => {
    await openWorld()
    await world.openMarket()
    await offer(knownItem)
    const bought = { method: 'POST', headers: { 'content-type': 'application/json' } }
    await world.get('/api/positions', { ...bought, body: JSON.stringify({ axieId: knownItem.tokenId, priceUsd: 12 }) })
    const ended = { state: 'alike', endedAt: sampleTime + 3_600_000, priceUsd: 60, gainUsd: 37.4 } as const
    await world.send('paper.trades', 'a', samplePaperTrade({ tradeId: 'a', ...ended }))
    await world.send('paper.trades', 'b', samplePaperTrade({ tradeId: 'b', account: 'preset:classic', state: 'missed', missedFor: 'gone' }))
    const { page, complaints } = await visit({}, '/#money')
    await page.locator('.held').getByText('$12.00').waitFor()
    const accounts = page.locator('.paper').first()
    expect(await accounts.innerText()).toMatch(/default.*1 of 1.*1 of 1.*\+\$37\.40.*\$1,037[\s\S]*classic, always.*0 of 1/)
    await page.getByText('By day and account').click()
    await page.getByText('1 gone').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('on a phone nothing runs out of the screen', async () => {
    await openWorld()
    await world.openMarket()
    await send(1)
    await world.send('alerts', 'k', sampleAlert(sampleScored))
    for (const kind of ['alert', 'random', 'rejected'] as const) {
      const dear = { alertId: kind, listingId: kind, status: 'resold', netUsd: 12_345, rejectedFor: 'second_check_no_evidence' } as const
      await world.send('outcomes', 'k', sampleOutcome({ kind, ...dear }))
    }
    const { page, complaints } = await visit({ width: 360, height: 740 })
    await page.locator('.card').waitFor()
    await page.locator('#missed').waitFor()
    for (const view of ['Now', 'Money', 'Models']) {
      await page.getByRole('link', { name: view, exact: true }).click()
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), view).toBe(0)
      expect(await seriousFindings(page), view).toEqual([])
    }
    expect(complaints).toEqual([])
  })

  test('a server that goes away is said to, and found again by itself', async () => {
    await openWorld()
    const { page } = await visit()
    await isLive(page)
    const port = new URL(world.url).port
    await world.close()
    open.shift()
    await page.getByRole('alert').getByText('does not answer').waitFor()
    await openWorld({ DASHBOARD_PORT: port })
    await isLive(page)
    await page.getByRole('alert').waitFor({ state: 'hidden' })
  })

  test('with a token, the page asks for it, once', async () => {
    await openWorld({ API_TOKEN: 'correct-horse' })
    const { page } = await visit()
    await page.getByLabel('Token', { exact: true }).fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByLabel('Token', { exact: true }).fill('correct-horse')
    await page.keyboard.press('Enter')
    await isLive(page)
    await page.reload()
    await isLive(page)
  })

  test('the API explains itself, and can be tried', async () => {
    await openWorld()
    const { page, complaints } = await visit({}, '/api.html')
    const listings = page.locator('section', { hasText: 'GET /api/listings' })
    await listings.getByRole('button', { name: 'Try it' }).click()
    await listings.getByText('"listings": []').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  })
})

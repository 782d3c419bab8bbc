import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test } from 'vitest'
import { topicName, topicSettings } from '#lib/market/topics.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { openBackend } from '#lib/running/backend.ts'
import { createProcesses } from '#lib/running/processes.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { complaintsOf, openBrowser } from './browser.ts'
import { pageOf } from './dashboard-process.ts'
import { testEnvironment } from './pipeline.ts'
import { startPrivateServer } from './private-servers.ts'
import { runPrefix } from './run-prefix.ts'

const patience = { timeout: 60_000 }

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

test('Kafka goes away: the page says so, and goes on by itself once it is back', { timeout: 300_000 }, async () => {
  const broker = await startPrivateServer('kafka')
  closers.push(broker.dispose)
  const servers = { brokers: [broker.address], registryUrl: inject('registryUrl'), s3: inject('s3') }
  const prefix = runPrefix('dashboard')
  const { log, codec, close } = openBackend({ kind: 'env', ...servers }, { root: checkoutRoot, clientId: `${prefix}test` })
  closers.push(close)
  await log.admin().createTopics(topicSettings(prefix, { partitions: 1 }))
  await codec.prepare(['ScoredListing'])
  const send = async (listingId: string, askUsd: number) => {
    const producer = log.producer()
    const value = codec.encode('ScoredListing', scoredWith({ listing: { listingId }, ask: { usd: askUsd } }))
    await producer.send([{ topic: topicName(prefix, 'listings.scored'), key: 'k', value }])
    await producer.close()
  }
  const logDirectory = mkdtempSync(join(tmpdir(), 'flipstream-dashboard-'))
  closers.push(() => rmSync(logDirectory, { recursive: true, force: true }))
  const start = createProcesses({ environment: testEnvironment(servers, prefix), logDirectory })
  const dashboard = start('dashboard', { settings: { DASHBOARD_PORT: '0' } })
  closers.push(dashboard.stop)
  const url = await pageOf(dashboard)
  const browser = await openBrowser()
  closers.push(browser.close)
  const page = await (await browser.context()).newPage()
  const complaints = complaintsOf(page)
  await page.goto(url)
  await page.locator('#link[data-connected=yes]').waitFor(patience)
  await send('before', 61)
  await page.getByText('$61.00').waitFor(patience)

  await broker.kill()
  await page.getByText('Kafka away').waitFor(patience)
  await page.getByText(/Kafka does not answer since \d\d:\d\d:\d\d .* goes on by itself once Kafka is back/).waitFor(patience)
  expect(await page.getByText('$61.00').count()).toBe(1)

  await broker.start()
  await send('after', 62)
  await page.getByText('$62.00').waitFor(patience)
  await page.locator('#link[data-connected=yes]').waitFor(patience)
  expect(await page.locator('#banner').isHidden()).toBe(true)
  expect(complaints).toEqual([])
})

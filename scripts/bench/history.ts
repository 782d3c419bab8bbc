/**
 * How much of a busy market's history a start gets, whose list of settled auctions ends out of reach.
 *   npm run bench:history [-- --sales 60000] [--days 21] [--requests-per-second 25] [--json]
 * The real client and the real archive code against the simulated marketplace over a socket, with its list cut at place 10,000: without an
 * archive, and with archives of our own that hold all, a part, or have a hole.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { simulatorSettings } from '#app/simulator/config.ts'
import { marketTimeHeader } from '#app/simulator/server.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { parseConfig } from '#lib/app/config.ts'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { saleEvent } from '#lib/market/event.ts'
import { createMarketplace, maxPageSize } from '#lib/marketplace/client.ts'
import { describeHistory, type History, readHistory } from '#lib/marketplace/history.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { salesOfOwnArchive } from '#lib/training/sales/own-archive.ts'
import type { Sale } from '#schemas/types.ts'

const { values } = parseArgs({
  options: {
    sales: { type: 'string', default: '60000' },
    days: { type: 'string', default: '21' },
    'requests-per-second': { type: 'string', default: '25' },
    json: { type: 'boolean', default: false },
  },
})
const [sales, days, requestsPerSecond] = [values.sales, values.days, values['requests-per-second']].map(Number) as [number, number, number]
const recordsPerObject = 5_000
const settings = {
  SIMULATOR_START: '2026-11-30T00:00:00Z',
  SIMULATOR_SALES_PER_HOUR: String(sales / days / 24),
  SIMULATOR_HISTORY_DAYS: String(days + 1),
  LOG_LEVEL: 'silent',
}

const simulator = await startSimulator(parseConfig(simulatorSettings, settings), clock)
const setFaults = (faults: object) => fetch(`${simulator.url}/faults`, { method: 'POST', body: JSON.stringify(faults) })

async function read(perSecond: number, archived?: (from: number, before: number) => Promise<readonly Sale[]>) {
  const marketplace = createMarketplace({
    ...{ url: `${simulator.url}/graphql`, leaderboardUrl: null, apiKey: 'simulated', clock, marketTimeHeader },
    ...{ requestsPerSecond: perSecond, concurrentRequests: 4, timeoutMillis: 10_000, attempts: 4, maxBodyBytes: 4_194_304 },
  })
  const begun = clock.monotonic()
  const paging = { size: maxPageSize, overlap: 10, transferRequests: 300 }
  const wait = (error: Error) => Promise.reject(error)
  const history = await readHistory({ marketplace, days, ...paging, wait, onAnswer() {}, ...(archived && { archived }) })
  await marketplace.close()
  return { history, seconds: (clock.monotonic() - begun) / 1_000 }
}

/** What a live run archived: each sale as it was seen. */
async function archiveOf(kept: readonly Sale[]) {
  const store = createMemoryStore()
  const events = kept.map((sale) => saleEvent(sale, { observedAt: sale.soldAt + 5_000, origin: 'live', source: 'live' }))
  await archiveEvents(store, events, recordsPerObject)
  return salesOfOwnArchive({ store, prefix: '' })
}

type Row = Readonly<{ archive: string; seconds: number; says: string } & Omit<History, 'sales' | 'rejects'> & { sales: number }>
const rows: Row[] = []
const measure = async (archive: string, archived?: (from: number, before: number) => Promise<readonly Sale[]>) => {
  const { history, seconds } = await read(requestsPerSecond, archived)
  const { sales: found, rejects: _, ...about } = history
  rows.push({ archive, ...about, sales: found.length, seconds: Number(seconds.toFixed(1)), says: describeHistory(history) })
}

// All there is, from a marketplace that tells it all: what an archive would hold.
const whole = (await read(10_000)).history.sales
const end = whole.at(-1)!.soldAt
await setFaults({ offsetCap: 10_000 })
await measure('none')
await measure('all days', await archiveOf(whole))
await measure('the last 14 days', await archiveOf(whole.filter(({ soldAt }) => soldAt > end - 14 * dayMillis)))
const inHole = (time: number) => time > end - 10 * dayMillis && time < end - 9 * dayMillis
await measure('all days but one, 9 days ago', await archiveOf(whole.filter(({ soldAt }) => !inHole(soldAt))))
await setFaults({ offsetCap: 10_000, longestPage: 20 })
await measure('none; pages of 20')
await simulator.close()

if (values.json) console.log(JSON.stringify({ sales: whole.length, days, requestsPerSecond, loadavg: loadavg(), rows }))
else {
  console.log(`${whole.length} sales in ${days} days, ${requestsPerSecond} requests a second, load ${loadavg()[0]!.toFixed(1)}\n`)
  console.log('| archive | sales | days covered | complete | requests | seconds |\n| --- | --- | --- | --- | --- | --- |')
  for (const { archive, sales: found, daysCovered, complete, requests, seconds } of rows)
    console.log(`| ${archive} | ${found} | ${daysCovered.toFixed(1)} | ${complete ? 'yes' : 'no'} | ${requests} | ${seconds} |`)
  console.log(`\n${rows.map(({ archive, says }) => `${archive}: ${says}`).join('\n')}`)
}

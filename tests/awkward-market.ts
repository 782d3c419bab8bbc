/**
 * `npm start -- --live` against a simulated marketplace with everything that can go wrong switched on at once, and an account of it: what
 * became of each listing that was offered, what was alerted, and what was asked of the key. For the system test and for longer plays
 * (scripts/campaign/play-awkward-market.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Summary } from '#app/cli/up/summary.ts'
import { simulatorSettings } from '#app/simulator/config.ts'
import type { MarketCounts } from '#app/simulator/market.ts'
import type { OfferMade } from '#app/simulator/server.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { listingIdOf, payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { StackAddresses } from '#lib/stack/addresses.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Alert, ScoredListing } from '#schemas/types.ts'
import { type ReadRecord, readTopics } from './read-topics.ts'

const apiKey = 'the-key-of-the-market'

/** What the key may ask: less than an unhurried collector would, so the least worth has to give way. */
const quota = { perMinute: 900, perDay: 100_000 }

const often = 0.01
const offersOften = 0.03
/** What takes its time must happen while a test plays. */
const oftener = 0.15
const soonSeconds = 20
/** Every switch of the simulator but one, from the start. */
const faults = {
  ...{ latencyMilliseconds: 10, longestPage: 60, offsetCap: 4_500, salesIndexedLateSeconds: 20 },
  ...{ goneFields: ['bodyShape'], introspectionOff: true },
  ...{ tooManyRequests: often, unavailable: often, html: often, errorsWithoutData: often, limitToldAsSuccess: often, cutBody: often },
  ...{ challenge: { share: often, times: 5 }, duplicatePage: often, duplicateItems: often, shuffledPage: often },
  ...{ vanishes: oftener, missingField: offersOften, brokenPrice: offersOften, fieldError: offersOften },
  ...{ unknownPart: offersOften, unknownClass: offersOften, longGenes: offersOften, egg: offersOften, futureStart: offersOften },
  ...{ expiredOrder: offersOften, voidOrder: offersOften, bid: offersOften, inUsdc: offersOften, inUnknownToken: offersOften },
  ...{ nightmarePart: offersOften, indexedLate: oftener, resigned: oftener },
  ...{ vanishesAfterSeconds: soonSeconds, indexedLateAfterSeconds: soonSeconds },
}
/** A key that may not ask ends a start, as it should: it is taken away for one request once the market is live. */
const oncePlaying = { ...faults, forbidden: { share: 0.02, times: 1 } }
const kinds = Object.keys(oncePlaying).filter((name) => !name.endsWith('AfterSeconds'))

/** Nobody can buy by these. */
const unbuyable = ['expiredOrder', 'voidOrder', 'bid', 'inUnknownToken', 'brokenPrice', 'missingField', 'fieldError'] as const
const isUnbuyable = ({ fault }: OfferMade): boolean => (unbuyable as readonly (string | null)[]).includes(fault)

type Stats = MarketCounts & Readonly<Record<'answers' | 'faults' | 'served', Readonly<Record<string, number>>> & { running: boolean }>

export type Account = Readonly<{
  summary: Summary
  stderr: string
  seconds: number
  /** What was shown as new a few seconds before the end: by what was wrong with it, how many, and what became of them. */
  offered: Readonly<Record<string, Readonly<Record<string, number>>>>
  shown: number
  known: number
  refused: number
  /** Shown, and neither known nor refused. */
  lost: readonly OfferMade[]
  twice: readonly string[]
  alerts: number
  /** Alerts of what nobody could buy. */
  alertsForNothing: readonly string[]
  similarAsks: number
  /** Similar asks that nobody could buy by, or that are told at another price than they ask. */
  wrongAsks: readonly string[]
  similarAsksInUsdc: number
  /** Answers of the marketplace by status, and how many refusals were none of the switches' doing: ours, for asking too much. */
  answers: Readonly<Record<string, number>>
  refusedForQuota: number
  requestsPerMinute: number
  /** How often the client was given each fault, by its switch; and which of the switches did nothing. */
  served: Readonly<Record<string, number>>
  neverServed: readonly string[]
}>

export type PlayOptions = Readonly<{ servers: StackAddresses; seconds: number; onProgress?: (line: string) => void }>

export async function playAwkwardMarket({ servers, seconds, onProgress = () => {} }: PlayOptions) {
  const simulator = await startSimulator(parseConfig(simulatorSettings, marketSettings), clock)
  const get = async (path: string) => (await fetch(`${simulator.url}${path}`, { headers: { connection: 'close' } })).json() as never
  const setFaults = (settings: object) => fetch(`${simulator.url}/faults`, { method: 'POST', body: JSON.stringify(settings) })
  const begun = clock.monotonic()
  const child = startLive(simulator.url, servers, seconds)
  const output = outputOf(child, onProgress)
  try {
    const shownAt: { at: number; shown: number; answers: number }[] = []
    let isPlaying = false
    let isOver = false
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => {
      isOver = true
    })
    while (!isOver) {
      const stats = (await get('/stats')) as Stats
      shownAt.push({ at: clock.monotonic(), shown: stats.listingsShown, answers: sum(Object.values(stats.answers)) })
      if (stats.running && !isPlaying) await setFaults(oncePlaying)
      isPlaying ||= stats.running
      if (isPlaying && stats.served['introspectionOff'] === undefined) await askForSchema(simulator.url)
      await Promise.race([ended, clock.sleep(1_000)])
    }
    const code = await ended
    const stats = (await get('/stats')) as Stats
    const offers = (await get('/offers')) as readonly OfferMade[]
    return {
      marketplace: simulator.url,
      code,
      stderr: output.stderr(),
      account: () => accountOf({ servers, offers, stats, shownAt, output: output.stdout(), stderr: output.stderr(), begun }),
    }
  } finally {
    child.kill('SIGKILL')
    await simulator.close()
  }
}

/** As `flipstream doctor --live` does; nothing that runs asks for it. */
const askForSchema = (url: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey, connection: 'close' },
    body: JSON.stringify({ query: '{ __schema { types { name } } }' }),
  }).catch(() => {})

const marketSettings = {
  SIMULATOR_API_KEY: apiKey,
  SIMULATOR_SPEED: '1',
  SIMULATOR_HISTORY_DAYS: '0.5',
  SIMULATOR_SALES_PER_HOUR: '1000',
  SIMULATOR_UNSOLD_SHARE: '4',
  SIMULATOR_BARGAIN_SHARE: '0.5',
  SIMULATOR_SPECIAL_SHARE: '0.3',
  SIMULATOR_RATE_LIMIT_PER_SECOND: '40',
  SIMULATOR_REQUESTS_PER_MINUTE: String(quota.perMinute),
  SIMULATOR_REQUESTS_PER_DAY: String(quota.perDay),
  SIMULATOR_FAULTS: JSON.stringify(faults),
  LOG_LEVEL: 'silent',
}

function startLive(marketplace: string, { brokers, registryUrl, s3 }: StackAddresses, seconds: number): ChildProcess {
  return spawn('npm', ['start', '--silent', '--', '--live', '--dry-run', '--for', `${seconds}s`, '--json'], {
    cwd: checkoutRoot,
    env: {
      ...process.env,
      ...{ KAFKA_BROKERS: brokers.join(), SCHEMA_REGISTRY_URL: registryUrl },
      ...{ S3_ENDPOINT: s3.endpoint, S3_REGION: s3.region, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey },
      ...{ MARKETPLACE_URL: marketplace, AXIE_API_KEY: apiKey, HISTORY_DAYS: '0.5', DASHBOARD_PORT: '0' },
      MARKETPLACE_REQUESTS_PER_MINUTE: String(quota.perMinute),
      MARKETPLACE_REQUESTS_PER_DAY: String(quota.perDay),
      // Together more than the collector's share of the minute.
      ...{ REQUESTS_PER_SECOND: '25', POLL_MILLISECONDS: '250', SALES_POLL_MILLISECONDS: '500' },
      ...{ SWEEP_MILLISECONDS: '500', ASK_CHECK_MILLISECONDS: '250' },
    },
    detached: true,
  })
}

function outputOf(child: ChildProcess, onProgress: (line: string) => void) {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    onProgress(chunk.toString().trimEnd())
  })
  return { stdout: () => stdout, stderr: () => stderr }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

type Played = Readonly<{
  servers: StackAddresses
  offers: readonly OfferMade[]
  stats: Stats
  shownAt: readonly Readonly<{ at: number; shown: number; answers: number }>[]
  output: string
  stderr: string
  begun: number
}>

/** A listing of the last seconds may have been shown in an answer that nobody waited for any more. */
const lastMillis = 10_000

async function accountOf({ servers, offers, stats, shownAt, output, stderr, begun }: Played): Promise<Account> {
  const summary = JSON.parse(output) as Summary
  const records = await readRun(servers, `${summary.run}.`)
  const lastAnswers = Math.max(...shownAt.map(({ answers }) => answers))
  const stoppedAt = shownAt.find(({ answers }) => answers === lastAnswers)!.at
  const settled = shownAt.findLast(({ at }) => at < stoppedAt - lastMillis)?.shown ?? 0
  // The backlog is history when the market opens.
  const opened = Math.min(...records.listings.map(({ startedAt }) => startedAt))
  const due = offers.filter(({ shown, startedAt }) => shown !== null && shown < settled && startedAt >= opened)
  const fates = due.map((offer) => ({ offer, fate: fateOf(offer, records) })).filter((one) => !isGoneUnread(one))
  const byId = new Map(offers.map((offer) => [idOf(offer), offer]))
  const asks = records.scored.flatMap(({ listing }) => listing.context.similarAsks)
  const minutes = (stoppedAt - begun) / 60_000
  return {
    summary,
    stderr,
    seconds: Math.round((clock.monotonic() - begun) / 1_000),
    offered: countsOf(fates),
    shown: fates.length,
    known: fates.filter(({ fate }) => fate === 'known').length,
    refused: fates.filter(({ fate }) => fate !== null && fate !== 'known').length,
    lost: fates.flatMap(({ offer, fate }) => (fate === null ? [offer] : [])),
    twice: records.listings.map(({ id }) => id).filter((id, place, all) => all.indexOf(id) !== place),
    alerts: records.alerts.length,
    alertsForNothing: records.alerts.map(({ listingId }) => listingId).filter((id) => byId.has(id) && isUnbuyable(byId.get(id)!)),
    similarAsks: asks.length,
    wrongAsks: asks.flatMap(({ listingId, usd }) => wrongAsk(byId.get(listingId), listingId, usd)),
    similarAsksInUsdc: asks.filter(({ listingId }) => byId.get(listingId)?.fault === 'inUsdc').length,
    answers: stats.answers,
    refusedForQuota: (stats.answers['429'] ?? 0) - (stats.faults['tooManyRequests'] ?? 0),
    requestsPerMinute: Math.round(lastAnswers / minutes),
    served: stats.served,
    neverServed: kinds.filter((kind) => !((stats.served[kind] ?? 0) > 0)),
  }
}

const idOf = ({ tokenId, startedAt, fault }: OfferMade): string =>
  listingIdOf(tokenId, startedAt + (fault === 'futureStart' ? dayMillis : 0))

type Fate = string | null
/** What is wrong with these is that the marketplace does not say, or cannot, when the order began. */
const tellsNoTime: ReadonlySet<string | null> = new Set(['missingField', 'fieldError'])
type Records = Awaited<ReturnType<typeof readRun>>

/** known, the code it was refused with, or null. One whose id the marketplace left out is told by what else it said. */
function fateOf(offer: OfferMade, { known, refused, refusedTokens, refusedWithoutId }: Records): Fate {
  const id = idOf(offer)
  const code = refused.get(id) ?? (tellsNoTime.has(offer.fault) ? (refusedTokens.get(offer.tokenId) ?? null) : null)
  if (code !== null) return code
  if (known.has(id)) return 'known'
  return offer.fault === 'missingField' && refusedWithoutId.has(offer.startedAt) ? 'missing_field' : null
}

/** Its only answer was cut, or another page was given in its place, and it vanished before the next: nobody can know it. */
const isGoneUnread = ({ offer, fate }: Readonly<{ offer: OfferMade; fate: Fate }>): boolean => offer.fault === 'vanishes' && fate === null

function countsOf(fates: readonly Readonly<{ offer: OfferMade; fate: Fate }>[]): Account['offered'] {
  const counts: Record<string, Record<string, number>> = {}
  for (const { offer, fate } of fates) {
    const kind = offer.fault ?? 'plain'
    counts[kind] ??= {}
    counts[kind][fate ?? 'LOST'] = (counts[kind][fate ?? 'LOST'] ?? 0) + 1
  }
  return counts
}

/** Dutch ones move: only what stays can be compared. */
function wrongAsk(offer: OfferMade | undefined, listingId: string, usd: number): string[] {
  if (offer === undefined) return [`${listingId}: nobody offered it`]
  if (isUnbuyable(offer)) return [`${listingId}: ${offer.fault}`]
  const isOff = !offer.isDutch && Math.abs(usd / offer.usd - 1) > 0.02 && Math.abs(usd - offer.usd) > 0.02
  return isOff ? [`${listingId}: told at $${usd}, asks $${offer.usd}`] : []
}

/** What the run wrote, by listing. */
async function readRun({ brokers, registryUrl }: StackAddresses, prefix: string) {
  const codec = createCodec({ registry: createRegistry({ url: registryUrl }) })
  const topics = ['market.events', 'listings.scored', 'alerts', 'dead-letters'] as const
  const records = await readTopics(
    brokers,
    topics.map((topic) => topicName(prefix, topic)),
  )
  const recordsOf = (topic: (typeof topics)[number]) => records.filter((record) => record.topic === topicName(prefix, topic))
  const listings: { id: string; startedAt: number }[] = []
  for (const { value } of recordsOf('market.events')) {
    const event = await codec.decode('MarketEvent', value)
    const payload = payloadOf(event)
    if (payload.kind === 'Listing' && event.origin === 'live')
      listings.push({ id: payload.value.listingId, startedAt: payload.value.ask.startedAt })
  }
  const scored: ScoredListing[] = []
  for (const { value } of recordsOf('listings.scored')) scored.push(await codec.decode('ScoredListing', value))
  const alerts: Alert[] = []
  for (const { value } of recordsOf('alerts')) alerts.push(await codec.decode('Alert', value))
  return { listings, scored, alerts, known: new Set(listings.map(({ id }) => id)), ...(await refusals(recordsOf('dead-letters'), codec)) }
}

/** By listing id, by axie, and by the second of its beginning where not even the axie is told. */
async function refusals(letters: readonly ReadRecord[], codec: ReturnType<typeof createCodec>) {
  const [refused, refusedTokens, refusedWithoutId] = [new Map<string, string>(), new Map<string, string>(), new Set<number>()]
  for (const { value, headers } of letters) {
    const code = headers[deadLetterHeaders.code] ?? 'unknown'
    if (headers[deadLetterHeaders.topic] === 'marketplace') {
      const entry = JSON.parse(value.toString()) as { id?: string; order?: { startedAt?: number } | null }
      const startedAt = entry.order?.startedAt === undefined ? null : entry.order.startedAt * 1_000
      if (entry.id !== undefined) refusedTokens.set(entry.id, code)
      if (entry.id !== undefined && startedAt !== null) refused.set(listingIdOf(entry.id, startedAt), code)
      if (entry.id === undefined && startedAt !== null) refusedWithoutId.add(startedAt)
    } else if (headers[deadLetterHeaders.topic]?.endsWith('market.events')) {
      const payload = payloadOf(await codec.decode('MarketEvent', value))
      if (payload.kind === 'Listing') refused.set(payload.value.listingId, code)
    }
  }
  return { refused, refusedTokens, refusedWithoutId }
}

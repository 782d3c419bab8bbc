import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { topicSettings } from '#lib/market/topics.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Marketplace, PageRequest } from '#lib/marketplace/client.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import type { Page } from '#lib/marketplace/page.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Fault } from '#lib/stream/memory/transactions.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { createMortalLog } from '#lib/stream/testing/mortal-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { Listing, Sale } from '#schemas/types.ts'
import { openCommitter } from './committer.ts'
import { createListingsTask, createSalesTask } from './news.ts'
import type { TaskContext } from './task-context.ts'
import { at, collecting, listing, sale } from './testing/market-samples.ts'

/**
 * Whatever a market does while it is read, and whatever becomes of the collector: what stays for a poll is written exactly once, and
 * nothing is written twice. Small memory, small pages, small transactions, so that every bound is met often.
 */

const logger = createLogger('test', 'silent')
const codec = createCodec({ registry: createMemoryRegistry() })

/** What the market does between two requests. */
type Move = Readonly<{
  /** New offers, each this many seconds (0: the same second) after the one before. */
  offered: readonly number[]
  /** Places in the list of the newest: sold when even, withdrawn when odd. */
  gone: readonly number[]
  /** An axie that was sold before is offered again. */
  again: boolean
}>
const move: fc.Arbitrary<Move> = fc.record({
  offered: fc.array(fc.nat(2), { maxLength: 20 }),
  gone: fc.array(fc.nat(60), { maxLength: 20 }),
  again: fc.boolean(),
})

/** What becomes of a poll: it is left alone, or the collector dies at its n-th step, or a commit fails there. */
type Fate = Readonly<{ kind: 'well' | 'dies' | 'fails'; step: number; point: 'send' | 'sent' | 'committed' }>
const fate: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom('well', 'well', 'dies', 'fails'),
  step: fc.nat(8),
  point: fc.constantFrom('send', 'sent', 'committed'),
})
const poll = fc.record({ what: fc.constantFrom('listings', 'sales'), moves: fc.array(move, { maxLength: 6 }), fate })

function createMovingMarket() {
  let second = 1_000
  let nextTokenId = 1
  let open: Listing[] = []
  let settled: Sale[] = []
  let moves: Move[] = []
  /** On the list of the newest since the poll began. */
  let staying = new Set<string>()

  const offer = (tokenId: number, later: number): void => {
    second += later
    open = [listing(tokenId, second), ...open]
  }
  const make = ({ offered, gone, again }: Move): void => {
    for (const place of gone) {
      const taken = open[place]
      if (taken === undefined) continue
      open = open.filter((other) => other !== taken)
      staying.delete(taken.listingId)
      // Three to a second at most: more sales of one second than are remembered could not be told apart.
      if (settled.length % 3 === 0) second++
      if (place % 2 === 0) settled = [sale(Number(taken.item.tokenId), second), ...settled]
    }
    for (const later of offered) offer(nextTokenId++, later)
    const old = settled[7]
    // One axie has one offer, and one sale in a second.
    if (again && old !== undefined && !open.some(({ item }) => item.tokenId === old.item.tokenId)) offer(Number(old.item.tokenId), 1)
  }
  const page = <Item>(list: readonly Item[], { from, size }: PageRequest): Page<Item> => {
    const items = list.slice(from, from + size)
    return { items, rejects: [], count: items.length, total: list.length, heldAt: 1, marketTime: at(second) }
  }
  const moving =
    <Item>(list: () => readonly Item[], hook: () => void) =>
    async (asked: PageRequest): Promise<Page<Item>> => {
      hook()
      const next = moves.shift()
      if (next !== undefined) make(next)
      return page(list(), asked)
    }
  const entries = (): SettledEntry[] =>
    settled.map((one) => {
      const sales = settled.filter(({ item }) => item.tokenId === one.item.tokenId)
      return { newest: sales[0]!, sales, isCut: false }
    })
  return {
    /** The list may move before each answer; `hook` may throw instead of it. */
    client: (hook: () => void): Pick<Marketplace, 'newestListings' | 'settledSales'> => ({
      newestListings: moving(() => open, hook),
      settledSales: moving(entries, hook),
    }),
    begin(planned: readonly Move[]): void {
      moves = [...planned]
      staying = new Set(open.map(({ listingId }) => listingId))
    },
    stayed: () => [...staying],
    sold: () => settled.map(({ saleId }) => saleId),
  }
}

const small = {
  ...collecting,
  memory: { capacity: 12, firstLookMillis: 1e12 },
  maxEvents: 7,
}
const paging = { size: 10, overlap: 3, maxPages: 1_000 }

async function createWorld() {
  let fault: Fault = () => {}
  const log: MemoryLog = createMemoryLog({ clock: systemClock, fault: (...where) => fault(...where) })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  await codec.prepare(['MarketEvent', 'CollectorState'])
  const market = createMovingMarket()
  let steps = 0
  let current: Fate = { kind: 'well', step: 0, point: 'send' }
  let kill: () => void = () => {}
  let killed: () => void = () => {}

  const step = (): void => {
    if (current.kind === 'dies' && steps++ === current.step) {
      kill()
      killed()
      throw new MarketplaceError('closed', 'killed')
    }
  }
  const startCollector = async () => {
    const mortal = createMortalLog(log)
    kill = mortal.kill
    const writer = createTransactionalWriter({
      log: mortal.log,
      clock: systemClock,
      logger,
      transactionalId: 'collector',
      state: { topic: 'collector.state', key: 'axie' },
    })
    const committer = await openCommitter({
      writer,
      codec,
      prefix: '',
      backOff: async () => {},
      onRetry: () => {},
      onCommitted: step,
    })
    const context: TaskContext = {
      marketplace: market.client(step) as Marketplace,
      committer,
      collecting: small,
      paging,
      health: { turned: () => {} },
      clock: systemClock,
      logger,
      metrics: { request() {}, poll() {}, answered() {}, budget() {}, fieldLeftOut() {}, committed() {} },
      marketTime: () => null,
    }
    return { listings: createListingsTask(context), sales: createSalesTask(context) }
  }
  let collector = await startCollector()

  return {
    market,
    /** True when it came to its end. */
    async poll(what: 'listings' | 'sales', moves: readonly Move[], becomes: Fate): Promise<boolean> {
      market.begin(moves)
      steps = 0
      current = becomes
      const dead = new Promise<false>((resolve) => {
        killed = () => resolve(false)
      })
      let commits = 0
      fault = (where) => {
        if (current.kind === 'fails' && where === current.point && commits++ === current.step % 3) throw new RetryableError('no answer')
      }
      const ended = await Promise.race([
        dead,
        collector[what]().then(
          () => true,
          () => false,
        ),
      ])
      current = { ...becomes, kind: 'well' }
      if (!ended) collector = await startCollector()
      return ended
    },
    async written(): Promise<string[]> {
      const ids: string[] = []
      const follower = await log.follow(['market.events'], async (records) => {
        for (const { value } of records) ids.push((await codec.decode('MarketEvent', value!)).eventId)
      })
      await follower.caughtUp
      await follower.stop()
      return ids
    },
  }
}

const well: Fate = { kind: 'well', step: 0, point: 'send' }

test('property: what stays for a poll is written exactly once, whatever moves, fails or dies meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(poll, { maxLength: 12 }), async (polls) => {
      const world = await createWorld()
      const due = new Set<string>()
      for (const { what, moves, fate: becomes } of polls) {
        const ended = await world.poll(what as 'listings' | 'sales', moves, becomes)
        if (ended && what === 'listings') for (const id of world.market.stayed()) due.add(`listing:${id}`)
      }
      // A quiet look at the end: everything that is there was there for a poll; sales never go away.
      await world.poll('listings', [], well)
      await world.poll('sales', [], well)
      for (const id of world.market.stayed()) due.add(`listing:${id}`)
      for (const id of world.market.sold()) due.add(`sale:${id}`)

      const written = await world.written()
      expect(written.filter((id, place) => written.indexOf(id) !== place)).toEqual([])
      expect([...due].filter((id) => !written.includes(id))).toEqual([])
    }),
    { numRuns: 1_000 },
  )
}, 120_000)

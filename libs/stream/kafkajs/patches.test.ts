import { createRequire } from 'node:module'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { hideAborted } from './aborted-records-patch.ts'
import './coordinator-patch.ts'
import './forgotten-answers-patch.ts'
import './request-queue-patch.ts'

const require = createRequire(import.meta.url)

describe('kafkajs with its request queue patched (#1556)', () => {
  const RequestQueue = require('kafkajs/src/network/requestQueue')
  const quiet = { debug() {}, warn() {} }
  const create = (options = {}) =>
    new RequestQueue({
      maxInFlightRequests: 1,
      requestTimeout: 5_000,
      enforceRequestTimeout: true,
      clientId: 'c',
      broker: 'b',
      logger: quiet,
      ...options,
    })
  const request = (correlationId: number, sent: number[]) => ({
    entry: { correlationId, resolve() {}, reject() {} },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId),
  })
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('is still when nothing is pending', () => {
    const queue = create()
    const sent: number[] = []
    queue.push(request(1, sent))
    queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 })
    expect(sent).toEqual([1])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends what waited for room as soon as there is room', () => {
    const queue = create()
    const sent: number[] = []
    queue.push(request(1, sent))
    queue.push(request(2, sent))
    expect(sent).toEqual([1])
    queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 })
    expect(sent).toEqual([1, 2])
  })

  it('sends what waited for a throttle when it has passed', () => {
    const queue = create()
    const sent: number[] = []
    queue.maybeThrottle(300)
    queue.push(request(1, sent))
    vi.advanceTimersByTime(290)
    expect(sent).toEqual([])
    vi.advanceTimersByTime(30)
    expect(sent).toEqual([1])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('still lets requests time out', () => {
    const queue = create()
    const rejected: string[] = []
    queue.scheduleRequestTimeoutCheck()
    queue.push({
      ...request(1, []),
      entry: { correlationId: 1, apiName: 'Fetch', resolve() {}, reject: (error: Error) => rejected.push(error.name) },
    })
    vi.advanceTimersByTime(4_900)
    expect(rejected).toEqual([])
    vi.advanceTimersByTime(2_000)
    expect(rejected).toEqual(['KafkaJSRequestTimeoutError'])
    queue.destroy()
  })
})

describe('kafkajs with its filter of aborted records patched', () => {
  type Step = Readonly<{ producer: number; begins: boolean; aborts: boolean }>

  /** A partition's log from random steps of three producers: data, and at the end of each transaction a marker. */
  const logOf = (steps: readonly Step[]) => {
    const messages: {
      offset: string
      isControlRecord: boolean
      visible: boolean
      batchContext: { producerId: string; inTransaction: boolean }
    }[] = []
    const open = new Map<number, number>()
    const aborted: { producerId: string; firstOffset: string }[] = []
    const write = (producer: number, isControlRecord: boolean) =>
      messages.push({
        offset: String(messages.length),
        isControlRecord,
        visible: !isControlRecord,
        batchContext: { producerId: String(producer), inTransaction: true },
      })
    const end = (producer: number, aborts: boolean) => {
      const first = open.get(producer)!
      open.delete(producer)
      // As the broker: listed by the end of the transaction, not by its beginning.
      if (aborts) {
        aborted.push({ producerId: String(producer), firstOffset: String(first) })
        for (const message of messages.slice(first)) if (message.batchContext.producerId === String(producer)) message.visible = false
      }
      write(producer, true)
    }
    for (const { producer, begins, aborts } of steps) {
      if (begins || !open.has(producer)) {
        if (!open.has(producer)) open.set(producer, messages.length)
        write(producer, false)
      } else end(producer, aborts)
    }
    for (const producer of [...open.keys()]) end(producer, true)
    return { messages, aborted }
  }

  it('shows exactly the records of committed transactions, wherever a fetch begins', () => {
    const step = fc.record({ producer: fc.integer({ min: 1, max: 3 }), begins: fc.boolean(), aborts: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, at) => {
        const { messages, aborted } = logOf(steps)
        const fetched = messages.slice(messages.length === 0 ? 0 : at % messages.length).map((message) => ({ ...message }))
        const expected = fetched.filter(({ visible }) => visible).map(({ offset }) => offset)
        const inReach = aborted.filter(({ firstOffset }) => Number(firstOffset) <= messages.length)
        // The broker leaves out transactions that ended before the fetch.
        const listed = inReach.filter(({ producerId, firstOffset }) => {
          const marker = messages.find(
            (m) => m.isControlRecord && m.batchContext.producerId === producerId && Number(m.offset) > Number(firstOffset),
          )
          return marker !== undefined && Number(marker.offset) >= Number(fetched[0]?.offset ?? 0)
        })
        hideAborted({ abortedTransactions: listed, messages: fetched })
        expect(fetched.filter(({ isControlRecord }) => !isControlRecord).map(({ offset }) => offset)).toEqual(expected)
      }),
    )
  })

  it('takes a record with the key of an abort marker for what it is', () => {
    const message = { offset: '0', isControlRecord: false, key: Buffer.alloc(4), batchContext: { producerId: '1', inTransaction: true } }
    const after = { ...message, offset: '1' }
    hideAborted({ abortedTransactions: [{ producerId: '1', firstOffset: '0' }], messages: [message, after] })
    expect([message.isControlRecord, after.isControlRecord]).toEqual([true, true])
  })
})

describe('kafkajs with its coordinator look-up patched', () => {
  const Cluster = require('kafkajs/src/cluster')
  const create = () => {
    const cluster = Object.create(Cluster.prototype)
    let lookups = 0
    cluster.retrier = async () => {
      lookups++
      return { nodeId: 7 }
    }
    cluster.findBroker = async ({ nodeId }: { nodeId: number }) => ({ nodeId })
    return { cluster, lookups: () => lookups }
  }
  beforeEach(() => {
    vi.useFakeTimers()
    // Vitest puts a clock of its own on the global object; ours has the one that it imported.
    vi.spyOn(systemClock, 'monotonic').mockImplementation(() => performance.now())
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it('asks once for a producer’s coordinators, and again after a while', async () => {
    const { cluster, lookups } = create()
    const ask = () => cluster.findGroupCoordinator({ groupId: 'id', coordinatorType: 1 })
    await ask()
    expect(await ask()).toEqual({ nodeId: 7 })
    expect(lookups()).toBe(1)
    await cluster.findGroupCoordinator({ groupId: 'id', coordinatorType: 0 })
    expect(lookups()).toBe(2)
    vi.advanceTimersByTime(5_000)
    await ask()
    expect(lookups()).toBe(3)
  })

  it('asks each time for a consumer, which may be looking for a new one', async () => {
    const { cluster, lookups } = create()
    await cluster.findGroupCoordinator({ groupId: 'group' })
    await cluster.findGroupCoordinator({ groupId: 'group' })
    expect(lookups()).toBe(2)
  })
})

describe('kafkajs with its question for metadata patched', () => {
  const Cluster = require('kafkajs/src/cluster')
  /** Brokers that give these answers, one after the other; an error is thrown, and kafkajs swallows it. */
  const clusterOf = (...answers: readonly unknown[]) => {
    const left = [...answers]
    const metadata = async () => {
      const answer = left.shift()
      if (answer instanceof Error) throw answer
      return answer
    }
    const withBroker = (ask: (asked: { broker: object }) => Promise<unknown>) => ask({ broker: { metadata } }).catch(() => null)
    const cluster = Object.create(Cluster.prototype)
    return Object.assign(cluster, {
      retrier: (act: (bail: (error: Error) => void) => unknown) => act(() => {}),
      brokerPool: { refreshMetadataIfNecessary: async () => {}, withBroker },
    })
  }
  const closed = Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' })

  it('gives what a broker answers', async () => {
    expect(await clusterOf({ topicMetadata: [] }).metadata({ topics: ['t'] })).toEqual({ topicMetadata: [] })
  })

  it('asks once more where no broker succeeded', async () => {
    expect(await clusterOf(closed, { topicMetadata: [] }).metadata({ topics: ['t'] })).toEqual({ topicMetadata: [] })
  })

  it('passes on why none did', async () => {
    await expect(clusterOf(closed, closed).metadata()).rejects.toBe(closed)
  })
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Processor } from '#lib/stream/processor.ts'
import { createRunner } from '#lib/stream/runtime/runner.ts'
import { noRunnerMetrics, traced } from '#lib/stream/runtime/runner-metrics.ts'
import { createTraces, type TracesOptions, traceHeader } from './traces.ts'

type OtlpSpan = { traceId: string; spanId: string; parentSpanId?: string; name: string; startTimeUnixNano: string; endTimeUnixNano: string }
type OtlpRequest = {
  resourceSpans: { resource: { attributes: { key: string; value: { stringValue: string } }[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/** A collector of traces: takes OTLP's JSON over HTTP, and keeps each span with the service that made it. */
let collector: Server
let received: (OtlpSpan & { service: string })[]
let endpoint: string
let status: number
beforeEach(async () => {
  received = []
  status = 200
  collector = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as OtlpRequest
    if (request.url === '/v1/traces' && status === 200)
      for (const { resource, scopeSpans } of resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')!.value.stringValue
        received.push(...scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service }))))
      }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
})
afterEach(() => new Promise((resolve) => collector.close(resolve)))

const open = (options: Partial<TracesOptions> = {}) =>
  createTraces({ endpoint, ratio: 1, app: 'trial', clock: systemClock, logger: pino({ level: 'silent' }), ...options })

describe('traces', () => {
  it('begin with ids that follow from the event: the same after a restart', async () => {
    const traces = open()
    expect(traces.begin('listing-1')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(open().begin('listing-1')).toBe(traces.begin('listing-1'))
    expect(traces.begin('listing-2')).not.toBe(traces.begin('listing-1'))
  })

  it('are of the share that is asked for, by the listing, not by chance', () => {
    const begun = (ratio: number) => {
      const traces = open({ ratio })
      return Array.from({ length: 1_000 }, (_, index) => traces.begin(`listing-${index}`)).filter((header) => header !== null)
    }
    expect(begun(0)).toEqual([])
    expect(begun(1).length).toBe(1_000)
    expect(begun(0.25).length).toBeGreaterThan(200)
    expect(begun(0.25).length).toBeLessThan(300)
  })

  it('of a listing go from the collector through every stage, in the headers of its records', async () => {
    const log = createMemoryLog({ clock: systemClock })
    await log.admin().createTopics(['a', 'b', 'c', 'dead'].map((topic) => ({ topic, partitions: 1 })))
    const collecting = open({ app: 'collector' })
    const parent = collecting.begin('listing-1')!
    const stage = (name: string, from: string, to: string) => {
      const traces = open({ app: name })
      const processor: Processor<string, string, null> = {
        initial: () => null,
        process: (batch) => batch.map(({ value }) => ({ type: 'emit', outputs: [{ topic: to, key: 'k', value }] })),
      }
      const runner = createRunner({
        name,
        log,
        clock: systemClock,
        logger: pino({ level: 'silent' }),
        group: name,
        input: { topic: from, decode: String },
        processor,
        encode: ({ value }) => Buffer.from(value),
        deadLetters: 'dead',
        guarantee: 'exactly_once',
        metrics: traced(noRunnerMetrics, name, traces),
      })
      return { runner, traces }
    }
    const stages = [stage('enricher', 'a', 'b'), stage('scorer', 'b', 'c')]
    for (const { runner } of stages) await runner.start()
    const begun = systemClock.now()
    collecting.span({ name: 'collected', parent, isRoot: true, startMillis: begun, endMillis: begun + 5 })
    await log.producer().send([
      { topic: 'a', key: 'k', value: Buffer.from('traced'), headers: { [traceHeader]: parent } },
      { topic: 'a', key: 'k', value: Buffer.from('not traced') },
    ])
    await collecting.close()
    await vi.waitFor(() => expect(received.length).toBe(3), { timeout: 10_000 })
    for (const { runner, traces } of stages) {
      await runner.stop()
      await traces.close()
    }
    const root = received.find(({ service }) => service === 'flipstream-collector')!
    expect(root).toMatchObject({ name: 'collected', startTimeUnixNano: `${begun}000000` })
    expect(root.parentSpanId).toBeUndefined()
    const behind = received.filter((span) => span !== root)
    expect(behind.map(({ service }) => service).sort()).toEqual(['flipstream-enricher', 'flipstream-scorer'])
    for (const span of behind) {
      expect(span).toMatchObject({ traceId: root.traceId, parentSpanId: root.spanId })
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano))
    }
    expect(new Set(received.map(({ spanId }) => spanId)).size).toBe(3)
    await log.close()
  })

  it('that nobody takes are dropped and counted, and disturb nobody', async () => {
    let dropped = 0
    const onDropped = (count: number) => {
      dropped += count
    }
    status = 503
    const traces = open({ onDropped })
    const parent = traces.begin('listing-1')!
    traces.span({ name: 'x', parent, startMillis: 1, endMillis: 2 })
    traces.span({ name: 'x', parent: 'no header of ours', startMillis: 1, endMillis: 2 })
    await traces.close()
    expect(dropped).toBe(1)
    const nowhere = open({ endpoint: 'http://127.0.0.1:1', onDropped })
    nowhere.span({ name: 'x', parent, startMillis: 1, endMillis: 2 })
    await nowhere.close()
    expect(dropped).toBe(2)
  })
})

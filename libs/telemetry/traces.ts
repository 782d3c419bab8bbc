import { createHash } from 'node:crypto'
import { request } from 'undici'
import type { Clock } from '#lib/clock/clock.ts'
import type { Logger } from './logger.ts'

/**
 * Traces of listings, by OTLP over HTTP in JSON. A small exporter of our own: the usual packages bring a context of their own through every
 * call, where ours is in the headers of records, and all there is to export is the span that a commit ends.
 */
export interface Traces {
  /** The header that begins a listing's trace, or null where this one is not among the sampled. Its ids follow from the event's id alone. */
  begin(eventId: string): string | null
  /** `parent`: a header as `begin` made it; anything else is passed over. Cheap, never throws. */
  span(span: Span): void
  /** Sends what is held. Never throws. */
  close(): Promise<void>
}

export type Span = Readonly<{ name: string; parent: string | undefined; isRoot?: boolean; startMillis: number; endMillis: number }>

export type TracesOptions = Readonly<{
  /** Root of the collector's OTLP, such as http://otel-collector:4318. */
  endpoint: string
  /** Share of listings that are traced. */
  ratio: number
  /** Stands in the trace as service.name. */
  app: string
  clock: Clock
  logger: Logger
  onDropped?(count: number): void
}>

export const traceHeader = 'traceparent'

const maxSpans = 4_096
const flushMillis = 1_000
const timeoutMillis = 5_000
const repeatMillis = 60_000
const kindConsumer = 5

/** A collector that is away costs its spans, and a warning a minute; never a record. */
export function createTraces({ endpoint, ratio, app, clock, logger, onDropped = () => {} }: TracesOptions): Traces {
  let waiting: object[] = []
  let sending: Promise<void> | null = null
  let warnedAt = Number.NEGATIVE_INFINITY
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`

  const drop = (count: number, problem: string) => {
    onDropped(count)
    if (clock.monotonic() - warnedAt < repeatMillis) return
    warnedAt = clock.monotonic()
    logger.warn({ url, spans: count, problem }, 'spans were dropped: the collector of traces does not take them')
  }
  const send = async (): Promise<void> => {
    const spans = waiting
    waiting = []
    if (spans.length === 0) return
    try {
      const { statusCode, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(exportRequest(app, spans)),
        headersTimeout: timeoutMillis,
        bodyTimeout: timeoutMillis,
      })
      await body.dump()
      if (statusCode >= 300) drop(spans.length, `it answered ${statusCode}`)
    } catch (error) {
      drop(spans.length, (error as Error).message)
    }
  }
  const flush = () => {
    sending ??= send().finally(() => {
      sending = null
    })
    return sending
  }
  const timer = setInterval(flush, flushMillis).unref()

  return {
    begin(eventId) {
      const hash = createHash('sha256').update(eventId).digest('hex')
      const isSampled = Number.parseInt(hash.slice(48, 56), 16) < ratio * 2 ** 32
      return isSampled ? `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01` : null
    },
    span({ name, parent, isRoot = false, startMillis, endMillis }) {
      const context = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(parent ?? '')
      if (context === null) return
      if (waiting.length >= maxSpans) return drop(1, 'more were made than could be sent')
      const [, traceId, parentSpanId] = context as unknown as [string, string, string]
      const ids = isRoot ? { spanId: parentSpanId } : { spanId: spanIdOf(app, name, parentSpanId), parentSpanId }
      waiting.push({ traceId, ...ids, name, kind: kindConsumer, startTimeUnixNano: nanos(startMillis), endTimeUnixNano: nanos(endMillis) })
    },
    async close() {
      clearInterval(timer)
      await sending
      await flush()
    },
  }
}

/** The same for a stage that does the same work again after a death: a collector of traces then keeps one. */
const spanIdOf = (app: string, name: string, parentSpanId: string): string =>
  createHash('sha256').update(`${app} ${name} ${parentSpanId}`).digest('hex').slice(0, 16)

const nanos = (millis: number): string => `${Math.round(millis)}000000`

/** ExportTraceServiceRequest in OTLP's JSON. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
const exportRequest = (app: string, spans: readonly object[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [attribute('service.name', `flipstream-${app}`), attribute('service.namespace', 'flipstream')] },
      scopeSpans: [{ scope: { name: 'flipstream' }, spans }],
    },
  ],
})

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })

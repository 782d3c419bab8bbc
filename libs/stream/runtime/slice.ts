import { RejectedError } from '#lib/errors/errors.ts'
import { deadLetter, type Rejection } from '#lib/stream/dead-letter.ts'
import type { Headers, LogRecord, NewRecord } from '#lib/stream/log.ts'
import type { Input, Output, Result } from '#lib/stream/processor.ts'
import { headerBytesOf } from '#lib/stream/raw-headers.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import { describeUndecodable } from '#lib/stream/undecodable-batch.ts'
import { traceHeader } from '#lib/telemetry/traces.ts'
import type { Fold } from './fold.ts'
import { type CommittedRecord, collectedAtHeader } from './runner-metrics.ts'

/** What a slice of records came to: ready to be committed, as often as it takes, without touching the state again. */
export type FoldedSlice = Readonly<{
  outputs: readonly NewRecord[]
  done: readonly CommittedRecord[]
  /** Counts by result and detail. */
  tally: ReadonlyArray<Readonly<{ result: 'emitted' | 'skipped' | 'rejected'; detail: string; count: number }>>
}>

export type SliceOptions<In, Out> = Readonly<{
  name: string
  input: Readonly<{ decode(bytes: Buffer, record: Omit<LogRecord, 'value'>): In | Promise<In> }>
  encode(output: Output<Out>): Buffer
  deadLetters: string
  maxRecordBytes: number
}>

/** A record redriven for another group: this one has processed it long ago. */
const notOurs = Symbol('redriven for another group')

export type Decoded<In> = Input<In> | Rejection | typeof notOurs

/** Copied from an input record to its outputs: where and when its story began. */
const passedOn = [collectedAtHeader, traceHeader]
/** A traceparent has 55 characters, a time 13. */
const maxPassedLength = 200

export const isInput = <In>(decoded: Decoded<In>): decoded is Input<In> => decoded !== notOurs && !('code' in decoded)

/** One per record, in order. Throws what `decode` throws, but for RejectedError. */
export async function decodeAll<In>(
  records: readonly LogRecord[],
  { name, input: { decode } }: Pick<SliceOptions<In, never>, 'name' | 'input'>,
): Promise<Decoded<In>[]> {
  const decoded: Decoded<In>[] = []
  for (const record of records) {
    if (!isMeantFor(name, record.headers)) {
      decoded.push(notOurs)
      continue
    }
    const { value: bytes, ...about } = record
    try {
      const undecodable = describeUndecodable(record)
      if (undecodable !== null) throw new RejectedError('undecodable_batch', undecodable)
      if (bytes === null) throw new RejectedError('no_value', 'the record has no value')
      const value = decode(bytes, about)
      decoded.push({ value: value instanceof Promise ? await value : value, record: about })
    } catch (error) {
      decoded.push(rejectionOf(error))
    }
  }
  return decoded
}

function rejectionOf(error: unknown): Rejection {
  if (error instanceof RejectedError) return { code: error.code, message: error.message }
  throw error
}

/** Folds the decoded records and turns the results into records to write. Synchronous: nothing else can see the state in between. */
export function foldSlice<In, Out>(
  records: readonly LogRecord[],
  decoded: readonly Decoded<In>[],
  fold: Fold<In, Out>,
  options: SliceOptions<In, Out>,
): FoldedSlice {
  const results = fold.apply(decoded.filter(isInput))[Symbol.iterator]()
  const outputs: NewRecord[] = []
  const done: CommittedRecord[] = []
  const counts = new Map<string, { result: 'emitted' | 'skipped' | 'rejected'; detail: string; count: number }>()
  const count = (result: 'emitted' | 'skipped' | 'rejected', detail: string) => {
    const key = `${result} ${detail}`
    const entry = counts.get(key)
    if (entry === undefined) counts.set(key, { result, detail, count: 1 })
    else entry.count++
  }

  for (const [index, record] of records.entries()) {
    const item = decoded[index]!
    const outcome = outcomeOf(item, () => encodeResult(results.next().value!, record, options))
    if (outcome.type === 'reject') {
      outputs.push(deadLetter(record, outcome, { app: options.name, topic: options.deadLetters, maxRecordBytes: options.maxRecordBytes }))
      count('rejected', outcome.code)
    } else {
      outputs.push(...outcome.records)
      count(outcome.type === 'skip' ? 'skipped' : 'emitted', outcome.type === 'skip' ? outcome.reason : '')
    }
    done.push({
      offset: record.offset,
      timestamp: record.timestamp,
      headers: record.headers,
      emitted: outcome.type === 'emit' && outcome.records.length > 0,
    })
  }
  return { outputs, done, tally: [...counts.values()] }
}

type Outcome =
  | Readonly<{ type: 'emit'; records: readonly NewRecord[] }>
  | Readonly<{ type: 'skip'; reason: string; records: readonly NewRecord[] }>
  | Readonly<{ type: 'reject' } & Rejection>

function outcomeOf<In>(item: Decoded<In>, processed: () => Outcome): Outcome {
  if (item === notOurs) return { type: 'skip', reason: 'redriven_for_another_group', records: [] }
  return isInput(item) ? processed() : { type: 'reject', ...item }
}

/** An output that cannot be written makes its input a dead letter, with all its outputs: half an answer would be worse. */
function encodeResult<In, Out>(result: Result<Out>, record: LogRecord, { encode, maxRecordBytes }: SliceOptions<In, Out>): Outcome {
  if (result.type === 'reject') return result
  if (result.outputs === undefined) return { ...result, records: [] }
  const inherited = passOn(record.headers)
  try {
    const records = result.outputs.map((output) => {
      const { topic, key, headers } = output
      const made = { topic, key, value: encode(output), headers: headers === undefined ? inherited : { ...inherited, ...headers } }
      const bytes = bytesOf(made)
      if (bytes > maxRecordBytes)
        throw new RejectedError('output_too_large', `an output for ${topic} takes ${bytes} bytes, at most ${maxRecordBytes} are written`)
      return made
    })
    return { ...result, records }
  } catch (error) {
    return { type: 'reject', ...rejectionOf(error) }
  }
}

/** What grows without bounds, where a story should begin, is none; a trace that is cut would be another's. */
function passOn(headers: Headers): Headers {
  const passed: Record<string, string> = {}
  for (const name of passedOn) {
    const value = headers[name]
    if (value !== undefined && value.length <= maxPassedLength) passed[name] = value
  }
  return passed
}

/** A record as it goes over the wire, but for framing. */
const bytesOf = ({ key, value, headers }: NewRecord & { headers: Headers }): number =>
  Buffer.byteLength(key) + (value?.length ?? 0) + headerBytesOf({ headers })

/** Records at or behind `offset`; they are in order. */
export function after(records: readonly LogRecord[], offset: number): readonly LogRecord[] {
  const before = countBefore(records, offset)
  return before === 0 ? records : records.slice(before)
}

export function countBefore(records: readonly LogRecord[], offset: number): number {
  const index = records.findIndex((record) => record.offset >= offset)
  return index === -1 ? records.length : index
}

import { hourMillis } from '#lib/clock/durations.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { isRejectCode } from '#lib/errors/reject-codes.ts'
import { clockOf, readEvent } from '#lib/market/read-event.ts'
import type { Processor, Result } from '#lib/stream/processor.ts'
import { rowOfEvent, type SaleRow } from '#lib/validation/sale-row.ts'
import { hourSuite } from '#lib/validation/suites.ts'
import { validateRows } from '#lib/validation/validate.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** The hour that is under way, and its live sales so far. */
export type HourState = { hour: number; rows: SaleRow[] }

/** Fewer sales say nothing: any hour of the night would be found odd. */
const fewestSales = 20

const skip = (reason: string): Result<never> => ({ type: 'skip', reason })

const hourName = (hour: number): string => `${new Date(hour * hourMillis).toISOString().slice(0, 13)}:00Z`

/** What is wrong with the hour that has ended, as a dead letter of the event that ended it; null where it holds. */
function judge({ hour, rows }: HourState): Result<never> | null {
  if (rows.length < fewestSales) return null
  const { results } = validateRows(hourSuite, rows, { asOf: (hour + 1) * hourMillis, reference: null })
  const broken = results.filter(({ status }) => status === 'failed')
  if (broken[0] === undefined) return null
  const problems = broken.map(({ name, expected, found }) => `${name}: expected ${expected}, found ${found}`)
  const message = `the hour from ${hourName(hour)} (${rows.length} sales), not this record, which only ended it: ${problems.join('; ')}`
  const code = broken[0].name
  if (!isRejectCode(code)) throw new FatalError(`expectation ${code} of ${hourSuite.name} is no reject code: add it to reject-codes.ts`)
  return { type: 'reject', code, message }
}

function processEvent(state: HourState, event: MarketEvent): Result<never> {
  if (isRefused(event)) return skip('refused by the enricher')
  const hour = Math.floor(event.observedAt / hourMillis)
  const verdict = hour > state.hour ? judge(state) : null
  if (hour > state.hour) {
    state.hour = hour
    state.rows = []
  }
  // One observed a little behind the newest counts to the hour that is under way, as the clock of the fold has it.
  const row = event.origin === 'live' ? rowOfEvent(event, event.eventId) : null
  if (row !== null) state.rows.push(row)
  return verdict ?? skip(row === null ? 'no live sale' : 'sale')
}

/** Is a dead letter already: once is enough. */
function isRefused(event: MarketEvent): boolean {
  try {
    readEvent(event)
    return false
  } catch (error) {
    if (error instanceof RejectedError) return true
    throw error
  }
}

/**
 * The market hour by hour, on the clock of observedAt. Each record alone is judged where it is read (libs/market/read-event.ts); this sees
 * what only many together show: every sale at one price, of one class, of one axie, or to oneself. Refuses with the name of the first
 * expectation that the hour breaks; everything else is skipped.
 */
export const validatorProcessor: Processor<MarketEvent, never, HourState> = {
  initial: () => ({ hour: Number.NEGATIVE_INFINITY, rows: [] }),
  process: (batch, state) => batch.map(({ value }) => processEvent(state, value)),
  memory: { horizonMillis: hourMillis, clockOf: ({ value }) => clockOf(value) },
}

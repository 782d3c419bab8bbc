import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { payloadOf } from '#lib/market/event.ts'
import type { Input } from '#lib/stream/processor.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { saleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { validatorProcessor } from './validator.ts'

const input = (value: MarketEvent, offset: number): Input<MarketEvent> => ({
  value,
  record: { topic: 'market.events', partition: 0, offset, timestamp: 0, key: 'axie', headers: {} },
})
const inputs = (events: readonly MarketEvent[]) => events.map(input)
const outcomes = (events: readonly MarketEvent[]) =>
  validatorProcessor
    .process(inputs(events), validatorProcessor.initial(undefined))
    .map((result) => (result.type === 'reject' ? result.code : result.type === 'skip' ? result.reason : 'emit'))

/** A sale a minute, 180 of them: three hours of the market, and the first minute of the fourth. */
const honest = someSales(181, 1)
const saleIn = (event: MarketEvent): Sale => payloadOf(event).value as Sale
const repriced = (event: MarketEvent, usd: number): MarketEvent => saleAt(saleIn(event).soldAt, saleIn(event).item, usd)
const secondHour = (change: (event: MarketEvent) => MarketEvent): MarketEvent[] =>
  honest.map((event, minute) => (minute >= 60 && minute < 120 ? change(event) : event))

describe('the market hour by hour', () => {
  test('an honest one has nothing to tell', () => {
    expect(new Set(outcomes(honest))).toEqual(new Set(['sale']))
  })

  test('an hour of a single price is told once, when it has ended, by the expectation’s name', () => {
    const events = secondHour((event) => repriced(event, 5))
    const others = outcomes(events).flatMap((outcome, minute) => (outcome === 'sale' ? [] : [[minute, outcome]]))
    expect(others).toEqual([[120, 'hour_prices_vary']])
    const [result] = validatorProcessor.process(inputs(events), validatorProcessor.initial(undefined)).slice(120)
    expect(result).toMatchObject({ message: expect.stringContaining('2022-04-11T01:00Z (60 sales), not this record') })
    expect(result).toMatchObject({ message: expect.stringContaining('hour_no_price_dominates: expected no single priceUsd') })
  })

  test('so is one of a single class', () => {
    const { item } = saleIn(honest[60] as MarketEvent)
    const events = secondHour((event) =>
      saleAt(saleIn(event).soldAt, { ...saleIn(event).item, class: item.class }, Number(saleIn(event).priceUsd)),
    )
    expect(outcomes(events)[120]).toBe('hour_several_classes')
  })

  test('of a handful of sales nothing is said', () => {
    const few = secondHour((event) => repriced(event, 5)).filter((_, minute) => minute < 60 || minute >= 105)
    expect(outcomes(few)).not.toContain('hour_prices_vary')
  })

  test('backfill and what the enricher refuses do not count', () => {
    const backfilled = secondHour((event) => ({ ...repriced(event, 5), origin: 'backfill' }))
    expect(outcomes(backfilled)[120]).toBe('sale')
    const refused = secondHour((event) => repriced(event, 2_000_000))
    expect(outcomes(refused).slice(60, 122)).toEqual([...Array.from({ length: 60 }, () => 'refused by the enricher'), 'sale', 'sale'])
  })

  test('a restart anywhere tells the same', () => {
    const events = secondHour((event) => repriced(event, 5))
    const whole = createFold(validatorProcessor, { offset: 0, clock: null, carry: undefined }).apply(inputs(events))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: events.length - 1 }), (cut) => {
        const before = createFold(validatorProcessor, { offset: 0, clock: null, carry: undefined })
        before.apply(inputs(events).slice(0, cut))
        const from = before.restorePoint()
        const after = createFold(validatorProcessor, from)
        after.apply(inputs(events).slice(from.offset, cut))
        expect(after.apply(inputs(events).slice(cut))).toEqual(whole.slice(cut))
      }),
    )
  })
})

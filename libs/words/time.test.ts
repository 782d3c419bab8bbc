import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration, parseMoment } from './time.ts'

describe('a moment', () => {
  test.each([
    ['2022-04-16T12:00:00Z', '2022-04-16T12:00:00.000Z'],
    ['2022-04-16T12:00Z', '2022-04-16T12:00:00.000Z'],
    ['2022-04-16 12:00:00Z', '2022-04-16T12:00:00.000Z'],
    ['2022-04-16T14:00:00+02:00', '2022-04-16T12:00:00.000Z'],
    ['2022-04-16T07:30:00.25-0430', '2022-04-16T12:00:00.250Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2022-04-16', '2022-04-16T00:00:00.000Z'],
    ['1650110400', '2022-04-16T12:00:00.000Z'],
  ])('%s is %s', (text, moment) => {
    expect(parseMoment(text)).toBe(Date.parse(moment))
  })

  test.each([
    ['2022-02-31T00:00:00Z', /no such day or hour/],
    ['2023-02-29T00:00:00Z', /no such day or hour/],
    ['2022-13-01T00:00:00Z', /no such day or hour/],
    ['2022-04-16T24:00:00Z', /no such day or hour/],
    ['2022-04-16T12:60:00Z', /no such day or hour/],
    ['2022-04-16T12:00:00', /the zone is missing/],
    ['2022-04-16T12:00', /the zone is missing/],
    ['2022-02-30', /no such day or hour/],
    ['2022-4-16', /a time with its zone/],
    ['2022-04-16T12:00:00+25:00', /no such zone/],
    ['1650110400000', /seem to be milliseconds/],
    ['1650110400000000', /seem to be microseconds/],
    ['1650110400000000000', /seem to be nanoseconds/],
    ['April 16, 2022', /a time with its zone/],
    ['5', /a time with its zone/],
    ['', /a time with its zone/],
    [' 2022-04-16T12:00:00Z', /a time with its zone/],
  ])('%s is refused', (text, why) => {
    expect((parseMoment(text) as { expected: string }).expected).toMatch(why)
  })

  test('whatever is written of a moment is read as that moment, in every zone', () => {
    const moments = fc.date({ min: new Date('2001-09-10'), max: new Date('2200-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(moments, fc.integer({ min: -14 * 60, max: 14 * 60 }), (moment, minutes) => {
        const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, -1)
        const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0')
        const zone = `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
        expect(parseMoment(`${local}${zone}`)).toBe(moment.getTime())
      }),
    )
  })
})

test.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['30d', 2_592_000_000],
])('the duration %s is %d ms', (text, millis) => {
  expect(parseDuration(text)).toBe(millis)
})

test.each(['', '10', '0s', '-5s', '5 s', '1e3s', '10w', 's', '999999999999999d', '5S'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBe(null)
})

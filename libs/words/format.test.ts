import { describe, expect, it } from 'vitest'
import {
  axieTitle,
  clockTime,
  count,
  date,
  dateTime,
  eth,
  minute,
  partName,
  percent,
  signedPercent,
  signedUsd,
  span,
  usd,
} from './format.ts'

describe('numbers and times as traders read them', () => {
  it.each([
    [0.5, '$0.50'],
    [99.994, '$99.99'],
    [150.4, '$150'],
    [1_234_567, '$1,234,567'],
    [-20, '-$20.00'],
  ])('%d dollars', (value, text) => expect(usd(value)).toBe(text))

  it('signs', () => {
    expect(signedUsd(20)).toBe('+$20.00')
    expect(signedUsd(-20)).toBe('-$20.00')
    expect(signedPercent(0.81)).toBe('+81%')
    expect(signedPercent(-0.104)).toBe('-10%')
  })

  it.each([
    [0.026666, '0.02667 ETH'],
    [1.5, '1.500 ETH'],
    [1_234.5, '1235 ETH'],
    [1e-15, '0.000000000000001000 ETH'],
    [0, '0 ETH'],
  ])('%d ether', (value, text) => expect(eth(value)).toBe(text))

  it.each([
    [43, '43 ms'],
    [12_000, '12 s'],
    [240_000, '4 min'],
    [7_800_000, '2 h 10 min'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 ms'],
    [999.6, '1 s'],
    [59_700, '1 min'],
    [3_599_000, '1 h'],
    [10_799_000, '3 h'],
    [86_399_000, '1 d'],
    [172_799_000, '2 d'],
  ])('%d ms', (value, text) => expect(span(value)).toBe(text))

  it('dates in UTC, and no crash on what is no date', () => {
    expect(dateTime(1_650_110_400_000)).toBe('Apr 16 12:00')
    expect(dateTime(Number.NaN)).toBe('–')
    expect(dateTime(1e20)).toBe('–')
  })

  it('moments, from the day to the second', () => {
    expect(date(1_650_110_400_000)).toBe('2022-04-16')
    expect(minute(1_650_110_400_000)).toBe('2022-04-16 12:00')
    expect(clockTime(1_650_110_407_000)).toBe('12:00:07')
  })

  it('shares, to as many digits as asked for', () => {
    expect(percent(0.125)).toBe('13%')
    expect(percent(0.125, 1)).toBe('12.5%')
    expect(percent(-0.001)).toBe('0%')
  })

  it.each([usd, signedUsd, count, percent, signedPercent, span, dateTime, date, minute, clockTime])(
    '$name of what is not known is a dash',
    (words) => {
      for (const missing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(words(missing)).toBe('–')
    },
  )

  it('parts as people say them', () => {
    expect(partName('mouth-risky-fish')).toBe('Risky Fish')
    expect(partName('tail-koi')).toBe('Koi')
    expect(partName('tail-koi-2')).toBe('Koi (evolved)')
    expect(partName('back-tendrils-shiny-2')).toBe('Tendrils Shiny (evolved)')
    expect(partName('2')).toBe('2')
    expect(partName('')).toBe('')
    expect(['origin', 'meo corp ii', 'agamogenesis', '', 'xmas'].map(axieTitle)).toEqual([
      'Origin',
      'MEO Corp II',
      'Agamogenesis',
      '',
      'Xmas',
    ])
  })
})

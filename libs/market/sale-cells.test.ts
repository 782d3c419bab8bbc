import { describe, expect, it } from 'vitest'
import { rowOfRawSale } from '#lib/validation/sale-row.ts'
import { numberCell, textCell, timeCell, wholeNumberCell } from './sale-cells.ts'

describe('a cell of a sales file', () => {
  it.each([
    ['7', 7],
    [' 7 ', 7],
    ['7.0', 7],
    ['7.', 7],
    ['7.000', 7],
    ['0', 0],
    ['', null],
    ['-1', null],
    ['7.5', null],
    ['1e3', null],
    ['0x7', null],
    ['1,000', null],
    ['NaN', null],
    ['9007199254740993', null],
    [undefined, null],
  ])('%j as a whole number is %j', (cell, expected) => {
    expect(wholeNumberCell(cell)).toBe(expected)
  })

  it('as a number, as text, as a time', () => {
    expect([numberCell('21.50'), numberCell('-3'), numberCell('cheap'), numberCell(' ')]).toEqual([21.5, -3, null, null])
    expect([textCell(' Plant '), textCell('  '), textCell(undefined)]).toEqual(['Plant', null, null])
    expect(timeCell('1649639067.0')).toBe(1_649_639_067_000)
    expect(timeCell('1649639067000000000')).toEqual({ problem: expect.stringContaining('nanoseconds') })
  })

  it('is read alike by what trains and by what validates', () => {
    const cells = {
      time: '1649639067.0',
      id: '5016355.0',
      class: ' Aquatic',
      breedCount: '1.0',
      purity: '83.0',
      tail: 'tail-koi ',
      priceUsd: '21.0',
    }
    expect(rowOfRawSale({ where: 'row 2', cells })).toMatchObject({
      time: 1_649_639_067_000,
      id: 5_016_355,
      class: 'Aquatic',
      breedCount: 1,
      purity: 83,
      tail: 'tail-koi',
      priceUsd: 21,
    })
  })
})

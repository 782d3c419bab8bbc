import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScoredListing } from '#schemas/types.ts'
import { compileExpression, ExpressionError, mistakesIn } from './expression.ts'
import { describeRecord } from './expression-record.ts'
import { anyScored, sampleScored, scoredWith } from './testing/scored-listing-samples.ts'

const costs = { feeRatio: 0.0425 }
const says = (text: string, scored: ScoredListing = sampleScored) => compileExpression(text).answer(scored, costs)
const mistakeIn = (text: string): ExpressionError => {
  try {
    compileExpression(text)
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
  throw new Error(`expected ${text} to be refused`)
}

describe('mistakes of an expression', () => {
  it.each([
    ['ask.usd < 3 && item.clas == "plant" || (forecast.q5 > 3 && ask.usd > "x") && item.breedCount', [20, 49, 59, 77]],
    ['!(ask.usd < "3") && (!(ask.eur < 3)) && ask.usd < 1', [2, 27]],
    ['similarSales.exists(s, s.us > 3) && ask.eur < 3', [25, 40]],
    ['item.class.matches("x") && ask.eur < 2', [0, 31]],
    ['ask.usd <', [9]],
    ['a.b', [0]],
    ['ask.usd < 3 && item.breedCount < 2', []],
  ])('%s: all at once, each at its place', (text, offsets) => {
    expect(mistakesIn(text).map(({ offset }) => offset)).toEqual(offsets)
  })
})

describe('expression', () => {
  it.each([
    'item.class == "aquatic" && ask.usd < 0.6 * forecast.q50',
    'ask.usd == 80',
    'ask.usd > 79 && 81 > ask.usd',
    'item.breedCount in [1, 2]',
    'item.breedCount % 2 == 1',
    '1 / 2 == 0.5',
    'size(similarSales) / 2 == 1.5',
    'size(similarSales) == 3 && similarSales[0].usd == 148',
    'similarSales[size(similarSales) - 1].usd == 139',
    'median(similarSales.map(sale, sale.usd)) >= 1.3 * ask.usd',
    'similarSales.exists(sale, sale.identical && sale.usd > 140)',
    'similarAsks.all(offer, offer.usd > ask.usd)',
    'forecast.q25 * (1 - fee) >= 1.3 * ask.usd',
    'min(3, ask.usd) == 3 && max(3, ask.usd) == 80',
    'item.parts.back.startsWith("back-") && item.class.substring(0, 2) == "aq"',
    'ask.ageMinutes < 1 && similarSales[0].ageHours == 5 && model.ageHours == 48',
    'market.all.hours24 > 30 && market.all.hours24 < 31',
    '-ask.usd < -3',
    'source == "recorded" && seller.listings == 2 && item.comboScore > 0.4',
  ])('says yes to the bargain: %s', (text) => {
    expect(says(text)).toEqual({ type: 'yes' })
  })

  it('what is not known makes every comparison false, and can be asked for', () => {
    const own = { ownLastSale: { usd: 50, soldAt: sampleScored.listing.observedAt, breedCount: 1, relative: null } }
    for (const text of ['ownLastSale.usd > 0', 'ownLastSale.usd <= 0', 'ownLastSale.usd == 0', 'known(ownLastSale.usd)'])
      expect(says(text)).toEqual({ type: 'no' })
    expect(says('known(ownLastSale.usd) && ownLastSale.usd == 50', scoredWith({ context: own }))).toEqual({ type: 'yes' })
  })

  it('is unanswerable where it asks for what is not there, and the rest of it cannot decide alone', () => {
    expect(says('similarSales[3].usd > 1')).toEqual({ type: 'unanswerable', problem: expect.stringContaining('index 3 >= size 3') })
    expect(says('similarSales[3].usd > 1 || ask.usd == 80')).toEqual({ type: 'yes' })
  })

  it.each([
    ['item.clas == "plant"', 5, /clas/],
    ['1 < 2 && 33 < ask.foo', 18, /foo/],
    ['similarSales.exists(s, s.us > 2)', 25, /us/],
    ['ask.usd < "80"', 0, /double < string/],
    ['ask.usd', 0, /true or false \(bool\), found double/],
    ['ask.usd <', 9, /EOF/],
    ['10 < ask.usd && nothing', 16, /nothing/],
    ['item.parts.back.matches("^(a+)+$")', 0, /not offered/],
    [`ask.usd == 80${' '.repeat(2_000)}`, 2_000, /at most 2000/],
    [`${'('.repeat(100)}true${')'.repeat(100)}`, 60, /depth|nest/i],
  ])('refuses %s, and says where', (text, offset, message) => {
    expect(mistakeIn(text)).toMatchObject({ name: 'ExpressionError', offset })
    expect(mistakeIn(text).message).toMatch(message)
  })

  it('shows what it was decided by', () => {
    expect(compileExpression('item.class == "aquatic" && ask.usd < 0.6 * forecast.q50').evidence(sampleScored, costs)).toEqual([
      ['item.class', 'aquatic'],
      ['ask.usd', 80],
      ['forecast.q50', 151],
    ])
  })

  it('law: every name that is shown to people can be used', () => {
    for (const line of describeRecord()) {
      const [name, type] = line.split(': ') as [string, string]
      const text = type === 'bool' ? name : type === 'string' ? `${name} == ""` : `${name} > 0`
      expect(() => compileExpression(text)).not.toThrow()
      expect(['yes', 'no']).toContain(says(text).type)
    }
  })

  it('law: whole numbers and doubles compare as in JavaScript, whatever the record holds', () => {
    const limits = fc.oneof(
      fc.integer({ min: 0, max: 500 }),
      fc.double({ min: 0, max: 500, noNaN: true }).filter((limit) => limit === 0 || limit > 1e-6),
    )
    fc.assert(
      fc.property(anyScored, limits, fc.constantFrom('<', '<=', '>', '>=', '=='), (scored, limit, operator) => {
        const { usd } = scored.listing.ask
        const expected = { '<': usd < limit, '<=': usd <= limit, '>': usd > limit, '>=': usd >= limit, '==': usd === limit }[operator]
        expect(says(`ask.usd ${operator} ${limit}`, scored)).toEqual({ type: expected ? 'yes' : 'no' })
      }),
    )
  })

  it('law: any text is refused with its place, or answers', () => {
    const word = fc.constantFrom(
      'ask.usd',
      'item.class',
      '<',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '1',
      '2.5',
      '"x"',
      '+',
      '/',
      'size',
      'in',
      ',',
      'similarSales',
      '.',
      '?',
      ':',
      'null',
      '{',
      '}',
      '\n',
      'é',
      '-',
    )
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
        (text) => {
          expect(() => mistakesIn(text)).not.toThrow()
          try {
            compileExpression(text).answer(sampleScored, costs)
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionError)
            expect((error as ExpressionError).offset).toBeGreaterThanOrEqual(0)
            expect((error as ExpressionError).offset).toBeLessThanOrEqual(text.length)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('what stands beside a forecast', () => {
  const origin = scoredWith({
    listing: { bids: { count: 3, usd: 61.5, token: 'ETH', amount: 0.0205 } },
    context: {
      collection: { name: 'origin', floorUsd: 340, asks: 12 },
      ownLastSale: { usd: 60, soldAt: 0, breedCount: 1, relative: null, level: 3, evolvedParts: 0 },
    },
  })

  it.each([
    'bids.count >= 3 && bids.usd > 0.7 * ask.usd',
    'collection.name == "origin" && ask.usd < 0.3 * collection.floorUsd && collection.asks > 5',
    'ownLastSale.level < 4 && ownLastSale.evolvedParts == 0',
    'exit.q25 * (1 - fee) - gas > ask.usd',
  ])('can be named by a rule: %s', (text) => {
    expect(says(text, origin)).toEqual({ type: 'yes' })
  })

  it.each(['bids.usd > 0', 'bids.count >= 0', 'collection.floorUsd > 0', 'ownLastSale.level >= 0', 'item.accessories >= 0'])(
    'unknown, answers no comparison: %s',
    (text) => {
      expect(says(text)).toEqual({ type: 'no' })
    },
  )
})

import { describe, expect, test } from 'vitest'
import { challengerNamedEvent, modelPromotedEvent, modelsComparedEvent } from '#lib/market/event.ts'
import { createModelBook } from './model-book.ts'

const observation = { observedAt: 1_000, origin: 'live', source: 'live' } as const
const champion = { modelId: 'a', since: 1_000 }

const block = (number: number, difference: number, since = 1_000) =>
  modelsComparedEvent(
    {
      ...{ block: number, champion: { ...champion, since }, from: 0, to: 1, alertedSales: 0 },
      others: [{ modelId: 'b', sales: 200, championLoss: 12, difference, squares: 0.5 }],
    },
    observation,
  )

describe('what people are shown of models', () => {
  test('a promotion that changed nothing was refused, and is not shown', () => {
    const book = createModelBook()
    const promoted = modelPromotedEvent({ modelId: 'b', featureSetHash: 'f', reason: 'better' }, observation)
    book.take(promoted, 'a', 'a')
    expect(book.decisions()).toEqual([])
    book.take(challengerNamedEvent({ modelId: 'b', featureSetHash: 'f', trainedUntil: 1, reason: 'nightly' }, observation), 'a', 'a')
    book.take(promoted, 'a', 'b')
    expect(book.decisions().map(({ kind, modelId, reason }) => [kind, modelId, reason])).toEqual([
      ['promoted', 'b', 'better'],
      ['challenger', 'b', 'nightly'],
    ])
  })

  test('the line of the champions shows how much better than the rule each was, in the order of time', () => {
    const book = createModelBook()
    const at = (number: number, modelId: string, sales = 100) =>
      modelsComparedEvent(
        {
          ...{ block: number, champion: { modelId, since: 1 }, from: number, to: number + 1, alertedSales: 0 },
          others: [{ modelId: 'rule:similar-sales', sales, championLoss: 9, difference: -3, squares: 0.5 }],
        },
        observation,
      )
    for (const [number, modelId] of ['a', 'a', 'b'].entries()) book.take(at(number, modelId), modelId, modelId)
    book.take(at(1, 'a'), 'b', 'b')
    book.take(at(3, 'b', 3), 'b', 'b')
    expect(book.line()).toEqual([
      { at: 1, modelId: 'a', sales: 100, skill: 0.25 },
      { at: 2, modelId: 'a', sales: 100, skill: 0.25 },
      { at: 3, modelId: 'b', sales: 100, skill: 0.25 },
    ])
  })

  test('blocks add up to a sentence, each counts once, and another champion begins anew', () => {
    const book = createModelBook()
    for (let number = 0; number < 40; number++) book.take(block(number, 1.2), 'a', 'a')
    book.take(block(39, 1.2), 'a', 'a')
    const [verdict] = book.verdicts()
    expect(verdict).toMatchObject({ modelId: 'b', against: 'a', sales: 8_000, standing: 'better' })
    expect(verdict!.sentence).toContain('b shown better by 10.0%')
    book.take(block(0, -1.2, 2_000), 'a', 'a')
    expect(book.verdicts()).toMatchObject([{ sales: 200, standing: 'open' }])
  })
})

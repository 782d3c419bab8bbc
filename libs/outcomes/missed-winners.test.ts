import { expect, test } from 'vitest'
import { missedOf, rejectedFrom } from './missed-winners.ts'
import { sampleOutcome } from './testing/outcome-samples.ts'

const rejected = (number: number, rejectedFor: string, netUsd: number | null = null) =>
  sampleOutcome({
    alertId: `rejected:${number}`,
    kind: 'rejected',
    listingId: `l${number}`,
    tokenId: `${number}`,
    askUsd: 20,
    rejectedFor,
    netUsd,
  })

test('counts what each reason kept from us, and names the best of it', () => {
  const outcomes = [
    rejected(1, 'second_check_asks', 12),
    rejected(2, 'second_check_asks', -3),
    rejected(3, 'second_check_asks'),
    rejected(4, 'novel', 90),
    rejected(5, 'cooldown', 5),
    rejected(6, 'cooldown', 7),
  ]
  expect(missedOf(outcomes)).toEqual({
    reasons: [
      { reason: 'similar ones ask no more', count: 3, gained: 1, lost: 1 },
      { reason: 'told of this axie before', count: 2, gained: 2, lost: 0 },
      { reason: 'unlike what the model knows', count: 1, gained: 1, lost: 0 },
    ],
    winners: [
      { axieId: '4', reason: 'unlike what the model knows', askUsd: 20, netUsd: 90 },
      { axieId: '1', reason: 'similar ones ask no more', askUsd: 20, netUsd: 12 },
      { axieId: '6', reason: 'told of this axie before', askUsd: 20, netUsd: 7 },
    ],
  })
})

test('a reason that only its writer knows is another reason', () => {
  expect(missedOf([rejected(1, 'constructor', 1)]).reasons).toMatchObject([{ reason: 'another reason' }])
})

test('what was alerted after all was not missed, and neither alert nor random draw was rejected', () => {
  const outcomes = [
    rejected(1, 'novel'),
    rejected(2, 'novel'),
    sampleOutcome({ listingId: 'l1' }),
    sampleOutcome({ kind: 'random', listingId: 'l2' }),
  ]
  expect(rejectedFrom(outcomes).map(({ alertId }) => alertId)).toEqual(['rejected:2'])
})

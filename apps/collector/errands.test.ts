import { describe, expect, test } from 'vitest'
import type { AskCriteria } from '#lib/marketplace/contract.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import { initialState } from './decision.ts'
import { createAskTask, createSweepTask } from './errands.ts'
import type { TaskContext } from './task-context.ts'

/** A sweep of a marketplace that refuses some criteria. */
function sweepOf(refuses: (criteria: AskCriteria) => MarketplaceError | null) {
  const asked: AskCriteria[] = []
  const leftOut: string[] = []
  const marketplace = {
    async cheapestListings(criteria: AskCriteria) {
      asked.push(criteria)
      const refusal = refuses(criteria)
      if (refusal !== null) throw refusal
      return { items: [], rejects: [], count: 0, total: 0, heldAt: 0, marketTime: 0 }
    },
  }
  const state = initialState('axie')
  const committer = { state: () => state, commit: async () => ({ events: [], rejects: [], state }) }
  const context = {
    ...{ marketplace, committer, collecting: {}, paging: { size: 100 }, logger: { error() {} } },
    metrics: { fieldLeftOut: (field: string) => leftOut.push(field) },
  }
  const task = createSweepTask(context as unknown as TaskContext)
  return {
    asked,
    leftOut,
    async turns(count: number) {
      for (let turn = 0; turn < count; turn++) await task()
    },
  }
}

const namesOf = (asked: readonly AskCriteria[]) => asked.map((criteria) => Object.values(criteria)[0]?.[0])

test('the cheapest of each class and of each collection are looked at in turn', async () => {
  const { asked, turns } = sweepOf(() => null)
  await turns(16)
  expect(namesOf(asked.slice(0, 11))).toEqual([
    'Aquatic',
    'Beast',
    'Bird',
    'Bug',
    'Dawn',
    'Dusk',
    'Mech',
    'Plant',
    'Reptile',
    'Origin',
    'MEO Corp',
  ])
  expect(asked.slice(11, 15).map((criteria) => Object.keys(criteria)[0])).toEqual(['numMystic', 'numJapan', 'numXmas', 'numSummer'])
  expect(namesOf(asked.slice(15))).toEqual(['Aquatic'])
})

test('a criterion that the marketplace does not know is asked for once; the others go on', async () => {
  const { asked, leftOut, turns } = sweepOf((criteria) =>
    criteria.numSummer || criteria.title ? new MarketplaceError('refused', 'Field is not defined by type') : null,
  )
  await turns(40)
  expect(asked.filter(({ numSummer, title }) => numSummer || title)).toHaveLength(3)
  expect(leftOut.toSorted()).toEqual(['AxieSearchCriteria.numSummer', 'AxieSearchCriteria.title', 'AxieSearchCriteria.title'])
  expect(asked.filter(({ numMystic }) => numMystic).length).toBeGreaterThan(1)
})

test('a class that is refused, and a marketplace that is away, are the lane’s business', async () => {
  await expect(sweepOf(() => new MarketplaceError('refused', 'no')).turns(1)).rejects.toThrow('no')
  const { turns } = sweepOf(({ title }) => (title ? new MarketplaceError('unavailable', 'away') : null))
  await expect(turns(10)).rejects.toThrow('away')
})

describe('asks that are followed', () => {
  /** Asks for three axies in turn, of which the first cannot be told. */
  async function askedAfter(failure: Error, turns: number) {
    const asked: string[] = []
    let now = 100
    let state = {
      ...initialState('axie'),
      trackedAsks: ['1', '2', '3'].map((tokenId) => ({ listingId: `axie:${tokenId}:0`, tokenId, seenAt: Number(tokenId) })),
    }
    const marketplace = {
      async axie(tokenId: string) {
        asked.push(tokenId)
        now += 10
        if (tokenId === '1') throw failure
        return { value: { listing: { listingId: `axie:${tokenId}:0` }, lastSale: null }, heldAt: now, marketTime: now }
      },
    }
    const committer = {
      state: () => state,
      async commit(decide: (from: typeof state) => { state: typeof state }) {
        const decision = decide(state)
        state = decision.state
        return decision
      },
    }
    const collecting = { source: 'live' }
    const task = createAskTask({ marketplace, committer, collecting, marketTime: () => now } as unknown as TaskContext)
    let failures = 0
    for (let turn = 0; turn < turns; turn++) await task().catch(() => failures++)
    return { asked, failures }
  }

  test('one that the marketplace cannot tell does not hold up the others', async () => {
    const error = new MarketplaceError('graphql_error', 'axie service: no such axie')
    expect(await askedAfter(error, 6)).toEqual({ asked: ['1', '2', '3', '1', '2', '3'], failures: 2 })
  })

  test('a marketplace that is away is asked for the same one again', async () => {
    expect(await askedAfter(new MarketplaceError('unavailable', 'away'), 3)).toEqual({ asked: ['1', '1', '1'], failures: 3 })
  })
})

import { describe, expect, it } from 'vitest'
import type { Silence } from '#lib/decisions/controls.ts'
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import { next } from './desk.ts'
import { type DeskEvent, type DeskItem, type DeskState, emptyDesk, type Facts, type Step } from './desk-state.ts'
import { nonceOf } from './nonce.ts'
import type { Recall } from './place.ts'
import { heldDetail } from './story.ts'

const place = (recall: Recall) => ({ name: 'c', recall })
const facts: Facts = { now: 1_000, monotonic: 1_000, place: place('look'), fullPerWindow: 2, backoffMillis: (failures) => failures * 100 }

type Item = { -readonly [Key in keyof DeskItem]: DeskItem[Key] }
const item = (id: string, change: Partial<DeskItem> = {}): Item => ({
  ...{ id, rank: 1, expiresAt: 60_000, canBeSummedUp: true },
  ...{ isCurrent: () => true, silence: () => null, ...change },
})
const notified = (alertId: string, status: NotificationStatus, detail: string | null = null): Notification => ({
  ...{ alertId, channel: 'c', nonce: nonceOf(alertId, 'c'), messageId: null, at: 7, writer: 'another', status, detail },
})

const taken = (one: DeskItem, newest?: Notification): DeskEvent<DeskItem> => ({ type: 'taken', item: one, newest: newest })
const rested: DeskEvent<DeskItem> = { type: 'rested' }
const recorded: DeskEvent<DeskItem> = { type: 'recorded' }
const checked: DeskEvent<DeskItem> = { type: 'checked', isThere: true }
const won: DeskEvent<DeskItem> = { type: 'claimed', lost: new Map() }
const posted: DeskEvent<DeskItem> = { type: 'answered', posting: { type: 'posted', messageId: '5' } }
const done = [recorded, { type: 'settled' }] as const

/** The desk after these events, all at the same moment. */
const desk = (events: readonly DeskEvent<DeskItem>[], given: Partial<Facts> = {}): DeskState<DeskItem> =>
  events.reduce<DeskState<DeskItem>>((state, event) => next(state, event, { ...facts, ...given }), emptyDesk)
const words = ({ queue }: DeskState<DeskItem>) =>
  queue.map(({ item: { id }, delivery }) =>
    `${id} ${delivery.type === 'recording' ? `${delivery.word.status} ${delivery.word.detail ?? ''}` : delivery.type}`.trim(),
  )
const claim = (id: string): Step => ({ type: 'claim', ids: [id], as: 'sent', reference: nonceOf(id, 'c') })

describe('one alert', () => {
  it('is asked for, claimed, posted, recorded, settled, and gone', () => {
    const steps: [DeskEvent<DeskItem>, Step['type'], string[]][] = [
      [taken(item('a')), 'rest', ['a open']],
      [rested, 'check', ['a open']],
      [checked, 'claim', ['a open']],
      [won, 'post', ['a ours']],
      [posted, 'record', ['a sent']],
      [recorded, 'settle', ['a over']],
      [{ type: 'settled' }, 'rest', []],
    ]
    let state: DeskState<DeskItem> = emptyDesk
    for (const [event, step, queue] of steps) {
      state = next(state, event, facts)
      expect([state.step.type, words(state)]).toEqual([step, queue])
    }
  })

  it.each<[string, Partial<DeskItem>, string]>([
    ['muted', { silence: () => ({ type: 'drop', reason: 'why' }) }, 'a muted why'],
    ['beyond a limit', { silence: () => ({ type: 'limit', reason: 'limit maxOpen' }) }, 'a limited limit maxOpen'],
    ['past its deadline', { expiresAt: 999 }, 'a expired past its deadline'],
    ['past its deadline while all is paused', { expiresAt: 999, silence: () => ({ type: 'hold', reason: 'paused' }) }, 'a expired paused'],
  ])('that is %s is recorded as that', (_case, change, expected) => {
    const state = desk([taken(item('a', change)), rested])
    expect([state.step.type, words(state)]).toEqual(['record', [expected]])
  })

  it('that is gone from the market is recorded as that; where nobody can tell it is posted', () => {
    expect(words(desk([taken(item('a')), rested, { type: 'checked', isThere: false }]))).toEqual([
      'a gone gone from the market before it was posted',
    ])
    expect(desk([taken(item('a')), rested, { type: 'checked', isThere: null }]).step).toEqual(claim('a'))
  })

  it('whose partition went elsewhere is let go of, without a word', () => {
    expect(desk([taken(item('a', { isCurrent: () => false })), rested])).toMatchObject({ queue: [], step: { type: 'rest' } })
  })

  it('that comes again while it is in hand is known by its newest coming', () => {
    const newer = item('a', { rank: 9 })
    expect(desk([taken(item('a')), rested, checked, taken(newer), won]).queue).toMatchObject([{ item: newer, delivery: { type: 'ours' } }])
  })

  it('that was told before is only settled', () => {
    expect(desk([taken(item('a'), notified('a', 'sent')), rested])).toMatchObject({
      step: { type: 'settle' },
      queue: [{ delivery: { status: 'known' } }],
    })
  })
})

describe('what changes while a step is under way counts', () => {
  const changes: [string, Partial<DeskItem>, Partial<Facts>][] = [
    ['people pause', { silence: () => ({ type: 'hold', reason: 'paused' }) }, {}],
    ['the partition goes elsewhere', { isCurrent: () => false }, {}],
    ['the deadline passes', {}, { now: 60_001 }],
  ]
  it.each(changes)('%s while the market is asked: no claim', (_case, change, given) => {
    const state = desk([taken(item('a')), rested, taken(item('a', change))])
    expect(['rest', 'record']).toContain(next(state, checked, { ...facts, ...given }).step.type)
  })

  it('people pause while it is claimed: it is given up, and waits', () => {
    const paused = item('a', { silence: () => ({ type: 'hold', reason: 'paused' }) })
    const state = desk([taken(item('a')), rested, checked, taken(paused), won])
    expect([state.step.type, words(state)]).toEqual(['record', [`a intended ${heldDetail}`]])
    expect(next(state, recorded, facts)).toMatchObject({ step: { type: 'rest' }, queue: [{ delivery: { type: 'open' } }] })
  })

  it('a stop finishes what is posted, and begins nothing more', () => {
    const stop: DeskEvent<DeskItem> = { type: 'told to stop' }
    expect(desk([taken(item('a')), rested, stop, checked]).step).toEqual({ type: 'stop' })
    expect(desk([taken(item('a')), taken(item('b')), rested, checked, won, stop, posted, ...done])).toMatchObject({
      step: { type: 'stop' },
      queue: [{ item: { id: 'b' } }],
    })
    expect(desk([stop, rested]).step).toEqual({ type: 'stop' })
  })
})

describe('many at once', () => {
  const three = [taken(item('a', { rank: 1 })), taken(item('b', { rank: 3 })), taken(item('c', { rank: 2 }))]
  const inFull = [checked, won, posted, ...done]

  it('the best first', () => {
    expect(desk([...three, rested]).step).toEqual({ type: 'check', id: 'b' })
  })

  it('what is beyond the window is summed up, but for a single one', () => {
    const state = desk([...three, taken(item('d', { rank: 0 })), rested, ...inFull, ...inFull])
    expect(state.step).toEqual({ type: 'claim', ids: ['a', 'd'], as: 'coalesced', reference: nonceOf('a d', 'c') })
    expect(words(next(next(state, won, facts), posted, facts))).toEqual(['a coalesced', 'd coalesced'])
    expect(desk([...three, rested, ...inFull, ...inFull]).step).toEqual({ type: 'check', id: 'a' })
  })

  it('after five seconds the window is open again', () => {
    const state = desk([...three, taken(item('d')), rested, ...inFull, ...inFull.slice(0, 4)])
    expect(next(state, { type: 'settled' }, { ...facts, monotonic: 6_000 }).step.type).toBe('check')
    expect(next(state, { type: 'settled' }, { ...facts, monotonic: 5_999 }).step.type).toBe('claim')
  })

  it('a notice is never summed up', () => {
    const notice = taken(item('n', { rank: Number.POSITIVE_INFINITY, canBeSummedUp: false }))
    const full = { fullPerWindow: 0 }
    expect(desk([...three, notice, rested], full).step).toMatchObject({ type: 'claim', ids: ['b', 'c', 'a'] })
    expect(desk([notice, rested], full).step).toEqual({ type: 'check', id: 'n' })
  })

  it('where another has claimed one of a digest, ours are given back, and the other’s is looked for', () => {
    const digest = desk([...three, taken(item('d', { rank: 0 })), rested, ...inFull, ...inFull])
    const state = next(digest, { type: 'claimed', lost: new Map([['a', notified('a', 'intended')]]) }, facts)
    expect([state.step.type, words(state)]).toEqual(['record', ['a doubtful', `d intended ${heldDetail}`]])
    expect(next(state, recorded, facts).step).toMatchObject({ type: 'look', id: 'a' })
  })
})

describe('in doubt', () => {
  const doubt = taken(item('a'), notified('a', 'intended'))
  const notFound: DeskEvent<DeskItem> = { type: 'looked', messageId: null }

  it('it is looked for: what is found is recorded', () => {
    const state = desk([doubt, rested])
    expect(state.step).toEqual({ type: 'look', id: 'a', reference: nonceOf('a', 'c'), since: 7 })
    expect(next(state, { type: 'looked', messageId: '5' }, facts).queue).toMatchObject([
      { delivery: { word: { status: 'sent', messageId: '5' } } },
    ])
  })

  it('what is not found is taken from its writer, and posted alone, whatever the window: its attempt may still be on its way', () => {
    const others = [taken(item('b', { rank: 9 })), taken(item('c', { rank: 9 }))]
    const full = { fullPerWindow: 0 }
    const state = desk([doubt, ...others, rested, notFound], full)
    expect(state.queue[0]).toMatchObject({ delivery: { word: { status: 'intended', detail: heldDetail, writer: 'another' } } })
    expect(next(state, recorded, { ...facts, ...full }).step).toEqual({ type: 'check', id: 'a' })
  })

  it('where one cannot look it is unknown, and never posted again', () => {
    expect(words(desk([doubt, rested], { place: place('none') }))).toEqual(['a unknown an earlier run ended between intent and outcome'])
  })

  it('it is looked for before it is dropped', () => {
    expect(desk([taken(item('a', { expiresAt: 1 }), notified('a', 'intended')), rested]).step.type).toBe('look')
    const state = desk([taken(item('a', { expiresAt: 1 }), notified('a', 'intended')), rested, notFound, recorded])
    expect(words(state)).toEqual(['a expired past its deadline'])
  })

  it('held back by people it waits in doubt', () => {
    const held: Silence = { type: 'hold', reason: 'paused' }
    expect(desk([taken(item('a', { silence: () => held }), notified('a', 'intended')), rested]).step.type).toBe('rest')
  })

  it('where the channel cannot be read now, it is asked again later', () => {
    const state = desk([doubt, rested, { type: 'could not look', problem: 'away' }])
    expect(state).toMatchObject({ step: { type: 'rest', millis: 100 }, pace: { failures: 1, trouble: { problem: 'away' } } })
    expect(next(state, rested, { ...facts, monotonic: 1_100 }).step.type).toBe('look')
  })
})

describe('the pace', () => {
  const attempt = [taken(item('a')), rested, checked, won]
  const answered = (posting: Extract<DeskEvent<DeskItem>, { type: 'answered' }>['posting']) =>
    desk([...attempt, { type: 'answered', posting }])

  it.each<[string, DeskState<DeskItem>, Partial<DeskState<DeskItem>['pace']>, string]>([
    ['posted', desk([...attempt, posted]), { blockedUntil: 0, failures: 0, trouble: null }, 'a sent'],
    ['refused', answered({ type: 'refused', problem: 'p' }), { blockedUntil: 0, trouble: { problem: 'p' } }, 'a failed p'],
    ['limited', answered({ type: 'limited', retryAfterMillis: 300 }), { blockedUntil: 1_300, failures: 0 }, `a intended ${heldDetail}`],
    [
      'unsent',
      answered({ type: 'unsent', problem: 'p' }),
      { blockedUntil: 1_100, failures: 1, trouble: { problem: 'p' } },
      `a intended ${heldDetail}`,
    ],
    ['unknown', answered({ type: 'unknown', problem: 'p' }), { blockedUntil: 1_100, failures: 1, trouble: { problem: 'p' } }, 'a doubtful'],
  ])('after %s', (_case, state, pace, word) => {
    expect(state.pace).toMatchObject(pace)
    expect(words(state)).toEqual([word])
  })

  it('while it is blocked nothing is posted, and what runs out is recorded', () => {
    const state = desk([...attempt, { type: 'answered', posting: { type: 'limited', retryAfterMillis: 300 } }, recorded])
    expect(state.step).toEqual({ type: 'rest', millis: 300 })
    expect(next(state, rested, { ...facts, monotonic: 1_200 }).step).toEqual({ type: 'rest', millis: 100 })
    expect(next(state, rested, { ...facts, now: 60_001 }).step).toEqual({ type: 'record' })
    expect(next(state, rested, { ...facts, monotonic: 1_300 }).step).toEqual({ type: 'check', id: 'a' })
  })

  it('law: blocked it rests until it no longer is, to the fraction of a millisecond', () => {
    const state = desk([...attempt, { type: 'answered', posting: { type: 'limited', retryAfterMillis: 300 } }, recorded])
    for (const monotonic of [1_299, 1_299.5, 1_299.999_999]) {
      const { step } = next(state, rested, { ...facts, monotonic })
      expect(step).toMatchObject({ type: 'rest' })
      expect((step as Extract<Step, { type: 'rest' }>).millis).toBeLessThanOrEqual(1)
    }
  })
})

describe('a step is answered by what it asked for', () => {
  const at: Readonly<Record<Step['type'], DeskState<DeskItem>>> = {
    rest: emptyDesk,
    look: desk([taken(item('a'), notified('a', 'intended')), rested]),
    check: desk([taken(item('a')), rested]),
    claim: desk([taken(item('a')), rested, checked]),
    post: desk([taken(item('a')), rested, checked, won]),
    record: desk([taken(item('a')), rested, checked, won, posted]),
    settle: desk([taken(item('a')), rested, checked, won, posted, recorded]),
    stop: desk([{ type: 'told to stop' }, rested]),
  }
  const answers: readonly DeskEvent<DeskItem>[] = [
    rested,
    { type: 'looked', messageId: null },
    { type: 'could not look', problem: 'p' },
    checked,
    won,
    posted,
    recorded,
    { type: 'settled' },
  ]
  const asked: Readonly<Record<Step['type'], readonly DeskEvent<DeskItem>['type'][]>> = {
    rest: ['rested'],
    look: ['looked', 'could not look'],
    check: ['checked'],
    claim: ['claimed'],
    post: ['answered'],
    record: ['recorded'],
    settle: ['settled'],
    stop: [],
  }
  const pairs = Object.keys(at).flatMap((step) => answers.map((answer) => [step as Step['type'], answer.type, answer] as const))

  it.each(pairs)('%s, %s', (step, type, event) => {
    expect(at[step].step.type).toBe(step)
    if (asked[step].includes(type)) expect(() => next(at[step], event, facts)).not.toThrow()
    else expect(() => next(at[step], event, facts)).toThrow(`a desk at step ${step} cannot have ${type}`)
  })

  it.each(Object.keys(at) as Step['type'][])('at %s something may be taken, and a stop be told, and the step goes on', (step) => {
    for (const event of [taken(item('z')), { type: 'told to stop' }] as const) expect(next(at[step], event, facts).step).toBe(at[step].step)
  })
})

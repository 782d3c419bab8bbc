import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import { type Delivery, type DeliveryEvent, deliveryOf, next } from './delivery.ts'
import type { Posting, Recall } from './place.ts'
import { heldDetail } from './story.ts'

const notified = (status: NotificationStatus, detail: string | null = null): Notification => ({
  ...{ alertId: 'x', channel: 'c', nonce: 'nonce', messageId: null, at: 7, writer: 'another' },
  ...{ status, detail },
})

const open = { type: 'open', isCleared: false } as const
const doubtful = { type: 'doubtful', reference: 'nonce', as: 'sent', since: 7, writer: 'another' } as const
const states: Readonly<Record<string, Delivery>> = {
  open,
  cleared: { type: 'open', isCleared: true },
  'in doubt by us': { ...doubtful, writer: undefined },
  'in doubt by another': doubtful,
  ours: { type: 'ours', reference: 'nonce', as: 'sent' },
  'ours in a digest': { type: 'ours', reference: 'd', as: 'coalesced' },
  'to be recorded, then over': { type: 'recording', word: { status: 'sent' }, afterwards: { type: 'over', status: 'sent' } },
  'to be recorded, then open': { type: 'recording', word: { status: 'intended', detail: heldDetail }, afterwards: open },
  over: { type: 'over', status: 'sent' },
}

const answer = (posting: Posting): DeliveryEvent => ({ type: 'answered', posting, at: 9 })
const events: Readonly<Record<string, DeliveryEvent>> = {
  muted: { type: 'dropped', status: 'muted', detail: 'why' },
  claimed: { type: 'claimed', reference: 'nonce', as: 'sent' },
  'lost to an intent': { type: 'lost', newest: notified('intended') },
  'lost to one that was sent': { type: 'lost', newest: notified('sent') },
  'lost to one that was given up': { type: 'lost', newest: notified('intended', heldDetail) },
  found: { type: 'found', messageId: '1' },
  'not found': { type: 'not found' },
  'cannot be looked for': { type: 'cannot be looked for' },
  withdrawn: { type: 'withdrawn' },
  posted: answer({ type: 'posted', messageId: '1' }),
  limited: answer({ type: 'limited', retryAfterMillis: 1 }),
  unsent: answer({ type: 'unsent', problem: 'p' }),
  unknown: answer({ type: 'unknown', problem: 'p' }),
  refused: answer({ type: 'refused', problem: 'p' }),
  recorded: { type: 'recorded' },
}

/** What the next state is, in a word; a word in the log, by its status and what follows. */
const inWords = (delivery: Delivery): string => {
  if (delivery.type === 'open') return delivery.isCleared ? 'cleared' : 'open'
  if (delivery.type === 'doubtful') return delivery.writer === undefined ? 'in doubt by us' : 'in doubt by another'
  if (delivery.type === 'recording') {
    const { word, afterwards } = delivery
    return `recording ${word.status}${word.writer === undefined ? '' : ` of ${word.writer}`}, then ${inWords(afterwards)}`
  }
  return delivery.type === 'over' ? `over: ${delivery.status}` : 'ours'
}

const openTo = {
  muted: 'recording muted, then over: muted',
  claimed: 'ours',
  'lost to an intent': 'in doubt by another',
  'lost to one that was sent': 'over: known',
  'lost to one that was given up': 'open',
}
const oursTo = {
  withdrawn: 'recording intended, then open',
  limited: 'recording intended, then open',
  unsent: 'recording intended, then open',
  unknown: 'in doubt by us',
  refused: 'recording failed, then over: failed',
}
const doubtTo = { found: 'recording sent, then over: sent', 'cannot be looked for': 'recording unknown, then over: unknown' }

/** Where the place can be read. All that is not here cannot happen. */
const transitions: Readonly<Record<keyof typeof states, Readonly<Record<string, string>>>> = {
  open: openTo,
  cleared: openTo,
  'in doubt by us': { ...doubtTo, 'not found': 'cleared' },
  'in doubt by another': { ...doubtTo, 'not found': 'recording intended of another, then cleared' },
  ours: { ...oursTo, posted: 'recording sent, then over: sent' },
  'ours in a digest': { ...oursTo, posted: 'recording coalesced, then over: coalesced' },
  'to be recorded, then over': { recorded: 'over: sent' },
  'to be recorded, then open': { recorded: 'open' },
  over: {},
}
/** Where it can neither be read nor repeated. */
const blind: typeof transitions = {
  open: { ...openTo, 'lost to an intent': 'over: known' },
  cleared: { ...openTo, 'lost to an intent': 'over: known' },
  ours: { ...transitions['ours'], unknown: 'recording unknown, then over: unknown' },
  'ours in a digest': { ...transitions['ours in a digest'], unknown: 'recording unknown, then over: unknown' },
}

const pairs = Object.keys(states).flatMap((state) => Object.keys(events).map((event) => [state, event] as const))

describe.each<[Recall, typeof transitions]>([
  ['look', transitions],
  ['none', { ...transitions, ...blind }],
])('a delivery to a place whose recall is %s', (recall, expected) => {
  it.each(pairs)('%s, %s', (state, event) => {
    const into = expected[state]?.[event]
    const step = () => inWords(next(states[state]!, events[event]!, recall))
    if (into === undefined) expect(step).toThrow(/cannot be/)
    else expect(step()).toBe(into)
  })

  it('law: it is certainly shown at most once, ends once, and is not shown after it may have been where nobody can look', () => {
    const drawn = fc.array(fc.constantFrom(...Object.values(events)), { maxLength: 40 })
    fc.assert(
      fc.property(drawn, (sequence) => {
        let delivery: Delivery = open
        let shown = 0
        let mayBeShown = false
        for (const event of sequence) {
          const before = delivery
          try {
            delivery = next(delivery, event, recall)
          } catch {
            continue
          }
          if (before.type === 'ours' && event.type === 'answered') {
            expect(recall === 'none' && mayBeShown).toBe(false)
            if (event.posting.type === 'posted') shown++
            if (event.posting.type === 'unknown') mayBeShown = true
          }
        }
        expect(shown).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('where a delivery stands by the newest word about it', () => {
  it.each<[string, Notification | undefined, Partial<Delivery>]>([
    ['nothing was said', undefined, open],
    ['it was given up', notified('intended', heldDetail), open],
    ['an intent without outcome', notified('intended'), doubtful],
    ['one within a digest', notified('intended', 'digest abc'), { ...doubtful, reference: 'abc', as: 'coalesced' }],
    ...(['sent', 'unknown', 'expired', 'coalesced', 'muted', 'edited', 'failed', 'gone', 'limited'] as const).map(
      (status) => [`it is ${status}`, notified(status), { type: 'over', status: 'known' }] as [string, Notification, Partial<Delivery>],
    ),
  ])('%s', (_case, word, expected) => {
    expect(deliveryOf(word)).toEqual(expected)
  })
})

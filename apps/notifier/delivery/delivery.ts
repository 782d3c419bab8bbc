/**
 * The one way in which anything is shown at most once, be it an alert in Discord, a card in the terminal, a notice or the week's result:
 *
 *             claimed            posted, refused
 *      open ───────────► ours ─────────────────────► recording ──recorded──► over
 *       ▲  ◄──recorded── recording ◄──refused for now──┤
 *       │                                              │ the answer was lost
 *       └────────── not found ────── doubtful ◄────────┘
 *                                        ▲
 *              an intent without outcome, of an earlier run or of another process
 *
 * An intent is durable before anything is shown (the claim), what became of it afterwards (recording). Killed in between, the next run
 * finds the intent, and is in doubt: where the place can be read it looks, elsewhere the outcome stays unknown, and nothing is repeated.
 */
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import type { Posting, Recall } from './place.ts'
import { heldDetail, isGivenUp } from './story.ts'

/** Alone, or within a digest. */
export type Shown = 'sent' | 'coalesced'

/** What is recorded in topic `notifications`. `writer`: whose intent it is about, where that is not this process. */
export type Word = Readonly<{ status: NotificationStatus; detail?: string; messageId?: string | null; writer?: string | null }>

/** A message in a place: how it is found again, and what it makes of what it shows. */
export type Attempt = Readonly<{ reference: string; as: Shown }>

/** `isCleared`: an attempt that was in doubt is not to be seen, and may still be on its way: it must meet its own reference. */
export type Open = Readonly<{ type: 'open'; isCleared: boolean }>
/** An attempt may have shown it, since then. `writer`: another's, or of a version that named none; undefined: ours. */
export type Doubtful = Attempt & Readonly<{ type: 'doubtful'; since: number; writer: string | null | undefined }>
/** Our intent stands first: it may be shown. */
export type Ours = Attempt & Readonly<{ type: 'ours' }>
export type Over = Readonly<{ type: 'over'; status: NotificationStatus | 'known' }>
/** Certain, and not durable yet. */
export type Recording = Readonly<{ type: 'recording'; word: Word; afterwards: Open | Over }>

export type Delivery = Open | Doubtful | Ours | Recording | Over

export type DeliveryEvent =
  /** Nobody is to see it any more. */
  | Readonly<{ type: 'dropped'; status: 'muted' | 'limited' | 'expired' | 'gone'; detail: string }>
  | (Attempt & Readonly<{ type: 'claimed' }>)
  /** Another's intent came first; the newest word about it. */
  | Readonly<{ type: 'lost'; newest: Notification | undefined }>
  /** Looked for in its place. */
  | Readonly<{ type: 'found'; messageId: string }>
  | Readonly<{ type: 'not found' }>
  | Readonly<{ type: 'cannot be looked for' }>
  /** Not shown after all, though it was claimed. */
  | Readonly<{ type: 'withdrawn' }>
  | Readonly<{ type: 'answered'; posting: Posting; at: number }>
  | Readonly<{ type: 'recorded' }>

/** The detail of an intent to show a thing within a digest: this, and the digest's reference. */
export const digestDetail = 'digest '

/** Where it stands by the newest word about it, before we did anything. `recall` says what its place remembers. */
export function deliveryOf(newest: Notification | undefined): Delivery {
  if (newest === undefined || isGivenUp(newest)) return { type: 'open', isCleared: false }
  if (newest.status !== 'intended') return { type: 'over', status: 'known' }
  const digest = newest.detail?.startsWith(digestDetail) === true ? newest.detail.slice(digestDetail.length) : null
  return {
    type: 'doubtful',
    reference: digest ?? newest.nonce,
    as: digest === null ? 'sent' : 'coalesced',
    since: newest.at,
    writer: newest.writer,
  }
}

/** Throws where an event cannot happen to a delivery that stands there. */
export function next(delivery: Delivery, event: DeliveryEvent, recall: Recall): Delivery {
  const after = transition(delivery, event, recall)
  if (after === null) throw new Error(`a delivery that is ${delivery.type} cannot be ${event.type}`)
  return after
}

function transition(delivery: Delivery, event: DeliveryEvent, recall: Recall): Delivery | null {
  switch (delivery.type) {
    case 'open':
      return fromOpen(event, recall)
    case 'doubtful':
      return fromDoubtful(delivery, event)
    case 'ours':
      return fromOurs(delivery, event, recall)
    case 'recording':
      return event.type === 'recorded' ? delivery.afterwards : null
    case 'over':
      return null
  }
}

function fromOpen(event: DeliveryEvent, recall: Recall): Delivery | null {
  switch (event.type) {
    case 'dropped':
      return closing({ status: event.status, detail: event.detail })
    case 'claimed':
      return { type: 'ours', reference: event.reference, as: event.as }
    case 'lost': {
      // Where one can look, we look whether the other did show it, before we are done with it; elsewhere it is its own to settle.
      const theirs = deliveryOf(event.newest)
      return theirs.type === 'doubtful' && recall !== 'look' ? { type: 'over', status: 'known' } : theirs
    }
    default:
      return null
  }
}

function fromDoubtful({ as, writer }: Doubtful, event: DeliveryEvent): Delivery | null {
  switch (event.type) {
    case 'found':
      return closing({ status: as, messageId: event.messageId })
    case 'not found': {
      const open: Open = { type: 'open', isCleared: true }
      // The intent of whoever meant to show it, and did not live to, no longer stands in our way.
      return writer === undefined ? open : { type: 'recording', word: { status: 'intended', detail: heldDetail, writer }, afterwards: open }
    }
    case 'cannot be looked for':
      return closing({ status: 'unknown', detail: 'an earlier run ended between intent and outcome' })
    default:
      return null
  }
}

function fromOurs({ reference, as }: Ours, event: DeliveryEvent, recall: Recall): Delivery | null {
  if (event.type === 'withdrawn') return held
  if (event.type !== 'answered') return null
  const { posting, at } = event
  switch (posting.type) {
    case 'posted':
      return closing({ status: as, messageId: posting.messageId })
    case 'refused':
      return closing({ status: 'failed', detail: posting.problem })
    case 'limited':
    case 'unsent':
      return held
    case 'unknown':
      return recall === 'look'
        ? { type: 'doubtful', reference, as, since: at, writer: undefined }
        : closing({ status: 'unknown', detail: posting.problem })
  }
}

/** Given up for now, so that a run after this one need not wonder. */
const held: Recording = {
  type: 'recording',
  word: { status: 'intended', detail: heldDetail },
  afterwards: { type: 'open', isCleared: false },
}

const closing = (word: Word): Recording => ({ type: 'recording', word, afterwards: { type: 'over', status: word.status } })

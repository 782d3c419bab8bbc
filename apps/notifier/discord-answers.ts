import { RejectedError } from '#lib/errors/errors.ts'
import type { Control, ControlKind, FeedbackKind } from '#schemas/types.ts'
import { plain } from './discord-text.ts'
import { buttonIds } from './embed.ts'

/** Who asks, and where. */
export type Person = Readonly<{ id: string; name: string; mayOperate: boolean; isInOurChannel: boolean }>

/** What people did: pressed a button under an alert, or typed a command. `siblings`: the ids of all buttons of that message. */
export type Action =
  | Readonly<{ type: 'button'; customId: string; siblings: readonly string[] }>
  | Readonly<{ type: 'command'; name: string; options: Readonly<Record<string, string | number>> }>

/** The world as answers need it. Resolved = durable. */
export type AnswerContext = Readonly<{
  /** `isOpinion`: by someone whose word steers neither limits nor learning. */
  feedback(alertId: string, kind: FeedbackKind, by: string, isOpinion: boolean): Promise<void>
  /** The account that this person speaks for; null: none. */
  accountOf(person: Person): string | null
  /** What was bought for what; without a price, for the ask of the alert. Answers in words; RejectedError for what cannot be true. */
  bought(purchase: Readonly<{ account: string; tokenId: string; alertId: string | null; usd: number | null; by: string }>): Promise<string>
  sold(sale: Readonly<{ account: string; tokenId: string; usd: number | null }>): Promise<string>
  control(kind: ControlKind, subject: string | null, by: string): Promise<void>
  stats(): Promise<string> | string
  price(axieId: string): Promise<string>
  why(axieId: string): Promise<string>
}>

const notHere = 'This works in the channels of the alerts only.'
const notYou = 'Only operators may do that: ask for the permission to manage the server, or for an operator role.'

/** Does what was asked for, and says so in words that are true when they are read. */
export async function answerTo(action: Action, person: Person, context: AnswerContext): Promise<string> {
  if (!person.isInOurChannel) return notHere
  return action.type === 'button' ? pressed(action, person, context) : typed(action, person, context)
}

async function pressed(
  { customId, siblings }: Extract<Action, { type: 'button' }>,
  person: Person,
  context: AnswerContext,
): Promise<string> {
  const [kind, subject = ''] = splitId(customId)
  const alertId = siblings.map(splitId).find(([sibling]) => sibling === buttonIds.bought)?.[1]
  if (alertId === undefined) return 'This message is not an alert of ours.'
  switch (kind) {
    case buttonIds.bought:
      return pressedBought(alertId, person, context)
    case buttonIds.badCall: {
      const isOpinion = context.accountOf(person) === null
      await context.feedback(alertId, 'bad_call', person.id, isOpinion)
      return isOpinion ? 'Noted, as an opinion: a bad call. Thank you.' : 'Noted: a bad call. Thank you.'
    }
    case buttonIds.muteSeller:
      if (!person.mayOperate) return notYou
      await context.control('mute_seller', subject, person.id)
      await context.feedback(alertId, 'mute_seller', person.id, false)
      return `No more alerts about ${plain(subject)}; /unmute takes that back.`
    default:
      return 'This button is from another version.'
  }
}

/** Its ask is what was paid, until /bought says otherwise. */
async function pressedBought(alertId: string, person: Person, context: AnswerContext): Promise<string> {
  const account = context.accountOf(person)
  if (account === null) {
    await context.feedback(alertId, 'bought', person.id, true)
    return 'Noted, as an opinion: only operators and traders speak for an account.'
  }
  const tokenId = alertId.split(':')[1] ?? alertId
  const words = await inWords(() => context.bought({ account, tokenId, alertId, usd: null, by: person.id }))
  await context.feedback(alertId, 'bought', person.id, false)
  return words
}

/** What cannot be true is answered with what is wrong with it. */
async function inWords(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RejectedError) return `Not noted. ${plain(error.message, 400)}`
    throw error
  }
}

function splitId(customId: string): [kind: string, subject: string | undefined] {
  const space = customId.indexOf(' ')
  return space === -1 ? [customId, undefined] : [customId.slice(0, space), customId.slice(space + 1)]
}

const controls: Readonly<Record<string, Readonly<{ kind: Control['kind']; said(seller: string): string }>>> = {
  pause: { kind: 'pause', said: () => 'Paused: no alerts until /resume. Those past their deadline by then are dropped and counted.' },
  resume: { kind: 'resume', said: () => 'Alerts again.' },
  mute: { kind: 'mute_seller', said: (seller) => `No more alerts about ${plain(seller)}.` },
  unmute: { kind: 'unmute_seller', said: (seller) => `Alerts about ${plain(seller)} again.` },
}

async function typed({ name, options }: Extract<Action, { type: 'command' }>, person: Person, context: AnswerContext): Promise<string> {
  if (name === 'stats') return context.stats()
  if (name === 'price') return context.price(String(options['axie']))
  if (name === 'why') return context.why(String(options['axie']))
  if (name === 'bought' || name === 'sold') return traded(name, options, person, context)
  const control = controls[name]
  if (control === undefined) return 'This command is from another version.'
  if (!person.mayOperate) return notYou
  const seller = String(options['seller'] ?? '').trim()
  await context.control(control.kind, seller === '' ? null : seller, person.id)
  return control.said(seller)
}

async function traded(
  name: 'bought' | 'sold',
  options: Readonly<Record<string, string | number>>,
  person: Person,
  context: AnswerContext,
): Promise<string> {
  const account = context.accountOf(person)
  if (account === null) return 'Only operators and traders (TRADERS) speak for an account.'
  const tokenId = String(options['axie'])
  const usd = typeof options['price'] === 'number' ? options['price'] : null
  return inWords(() =>
    name === 'bought' ? context.bought({ account, tokenId, alertId: null, usd, by: person.id }) : context.sold({ account, tokenId, usd }),
  )
}

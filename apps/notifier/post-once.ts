import type { Clock } from '#lib/clock/clock.ts'
import type { Message } from './embed.ts'
import { type Intents, nonceOf } from './intents.ts'
import type { Poster } from './poster.ts'
import { heldDetail } from './story.ts'

export type PostOnceOptions = Readonly<{ intents: Intents; poster: Poster; clock: Clock }>

/**
 * A message that is no alert, at most once under its id, across kills: by the same intent and outcome as an alert has. `reference` is how it
 * is found again. Resolves with false where it may be tried again.
 */
export async function postOnce(
  { intents, poster, clock }: PostOnceOptions,
  id: string,
  message: (reference: string) => Message,
): Promise<boolean> {
  const told = intents.find(id)
  if (told !== undefined && told.status !== 'intended') return true
  const reference = nonceOf(id, poster.name)
  const place = { alertId: id, channel: poster.name }
  const record = (outcome: Readonly<{ status: 'sent' | 'unknown'; messageId?: string }>) =>
    intents.record([{ ...place, ...outcome }], clock.now())
  if (told !== undefined) {
    const messageId = poster.canLook ? await poster.find(reference, told.at) : null
    if (messageId !== null) await record({ messageId, status: 'sent' })
    else if (!poster.canLook) await record({ status: 'unknown' })
    if (messageId !== null || !poster.canLook) return true
    await intents.record([{ ...place, status: 'intended', detail: heldDetail, writer: told.writer }], clock.now())
  }
  // Another process tells it.
  if (!(await intents.claim([place], clock.now())).has(id)) return true
  const posting = await poster.post(message(reference), reference)
  if (posting.type === 'posted') await record({ messageId: posting.messageId, status: 'sent' })
  else if (posting.type === 'unknown' && !poster.canLook) await record({ status: 'unknown' })
  else return false
  return true
}

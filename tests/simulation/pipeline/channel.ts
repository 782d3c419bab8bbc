import type { Posting } from '#app/notifier/delivery/place.ts'
import type { Poster } from '#app/notifier/poster.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { Dice } from '../kernel/dice.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'

/** What people see: every message with the references of the alerts in it, in the order they appeared. */
export type Channel = {
  readonly name: string
  readonly canLook: boolean
  readonly messages: { id: string; reference: string; text: string }[]
}

/** Discord refuses a second message with a nonce that it has seen; a webhook has no nonces, and cannot be read. */
export function createSimulatedPoster(scheduler: Scheduler, channel: Channel, actor: Actor, dice: Dice): Poster {
  const { name, canLook, messages } = channel

  return {
    name,
    recall: canLook ? 'look' : 'none',
    async post(message, nonce): Promise<Posting> {
      try {
        return await scheduler.call<Posting>(actor, `posts to ${name}`, nonce, ({ give }) => {
          if (dice.chance(0.05)) return give({ type: 'limited', retryAfterMillis: dice.between(1, 2_000) })
          const known = canLook ? messages.find(({ reference }) => reference === nonce) : undefined
          if (known !== undefined) return give({ type: 'posted', messageId: known.id })
          const id = String(messages.length + 1)
          messages.push({ id, reference: nonce, text: JSON.stringify(message) })
          give({ type: 'posted', messageId: id })
        })
      } catch (error) {
        if (error instanceof RetryableError) return { type: 'unknown', problem: error.message }
        throw error
      }
    },
    find: (reference) =>
      canLook
        ? scheduler.call<string | null>(actor, `looks into ${name}`, reference, ({ give }) =>
            give(messages.find((message) => message.reference === reference)?.id ?? null),
          )
        : Promise.reject(new Error('a webhook cannot read its channel')),
    embedOf: async () => null,
    edit: (messageId) => scheduler.call<void>(actor, `edits in ${name}`, messageId, ({ give }) => give()),
  }
}

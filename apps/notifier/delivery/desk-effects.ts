import type { Clock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Alert } from '#schemas/types.ts'
import { digestDetail } from './delivery.ts'
import type { DeskItem, DeskState, DeskStatus, Step, StepEvent } from './desk-state.ts'
import type { IncomingAlert } from './incoming-alert.ts'
import type { IntentEntry, Intents } from './intents.ts'
import type { Place } from './place.ts'

/** What a desk posts, with all that it takes to do so. */
export type DeskMessage<Message> = DeskItem &
  Readonly<{
    /** Null: it is a notice. */
    alert: IncomingAlert | null
    message(reference: string): Message
    /** Null: nobody can tell. */
    isStillThere(): Promise<boolean | null>
    settled(status: DeskStatus): void
  }>

export type DeskEffectsOptions<Message> = Readonly<{
  place: Place<Message>
  /** Sums up several that came at once; null: each is posted in full. */
  digest: ((alerts: readonly Alert[], reference: string) => Message) | null
  intents: Pick<Intents, 'claim' | 'record' | 'find'>
  clock: Clock
  onTrouble?: (problem: string | null) => void
  onPosting?: (alert: IncomingAlert) => void
}>

type Desk<Message> = Readonly<{
  state(): DeskState<DeskMessage<Message>>
  /** So many milliseconds, or until something came. */
  rest(millis: number): Promise<void>
}>

type StepOf<Type extends Step['type']> = Extract<Step, { type: Type }>

/** What the steps of a desk do in the world: each resolves to what came of it. */
export function createDeskEffects<Message>(options: DeskEffectsOptions<Message>, desk: Desk<Message>): (step: Step) => Promise<StepEvent> {
  const { place, intents, clock } = options
  const persist = createPersist(options, desk)

  const look = async ({ reference, since }: StepOf<'look'>): Promise<StepEvent> => {
    try {
      return { type: 'looked', messageId: await place.find(reference, since) }
    } catch (error) {
      return { type: 'could not look', problem: (error as Error).message }
    }
  }

  const claim = async ({ ids, as, reference }: StepOf<'claim'>): Promise<StepEvent> => {
    const detail = as === 'coalesced' ? { detail: `${digestDetail}${reference}` } : {}
    const entries = ids.map((alertId) => ({ alertId, channel: place.name, ...detail }))
    const ours = await persist(() => intents.claim(entries, clock.now()))
    const lost = ids.filter((id) => !ours.has(id))
    return { type: 'claimed', lost: new Map(lost.map((id) => [id, intents.find(id)])) }
  }

  const post = async ({ ids, as, reference }: StepOf<'post'>): Promise<StepEvent> => {
    const messages = ids.map((id) => messageOf(desk, id))
    for (const { alert } of messages) if (alert !== null) options.onPosting?.(alert)
    const alerts = messages.flatMap(({ alert }) => (alert === null ? [] : [alert.alert]))
    const message = as === 'coalesced' ? options.digest!(alerts, reference) : messages[0]!.message(reference)
    return { type: 'answered', posting: await place.post(message, reference) }
  }

  const record = async (): Promise<StepEvent> => {
    const entries = desk
      .state()
      .queue.flatMap(({ item: { id }, delivery }): IntentEntry[] =>
        delivery.type === 'recording' ? [{ alertId: id, channel: place.name, ...delivery.word }] : [],
      )
    await persist(() => intents.record(entries, clock.now()))
    return { type: 'recorded' }
  }

  return async (step) => {
    switch (step.type) {
      case 'rest':
        await desk.rest(step.millis)
        return { type: 'rested' }
      case 'look':
        return look(step)
      case 'check':
        return { type: 'checked', isThere: await messageOf(desk, step.id).isStillThere() }
      case 'claim':
        return claim(step)
      case 'post':
        return post(step)
      case 'record':
        return record()
      case 'settle':
        return settle(desk)
      case 'stop':
        throw new Error('a desk that has stopped does nothing more')
    }
  }
}

/** While the log is away, nothing is posted: an intent that is not durable is none. */
function createPersist<Message>({ clock, onTrouble }: DeskEffectsOptions<Message>, { state }: Desk<Message>) {
  return async <Value>(write: () => Promise<Value>): Promise<Value> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const value = await write()
        if (attempt > 1) onTrouble?.(state().pace.trouble?.problem ?? null)
        return value
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onTrouble?.(error.message)
        if (state().isStopping && attempt > 3) throw error
        await clock.sleep(backoffMillis(attempt, clock))
      }
    }
  }
}

function settle<Message>({ state }: Desk<Message>): StepEvent {
  for (const { item, delivery } of state().queue) if (delivery.type === 'over') item.settled(delivery.status)
  return { type: 'settled' }
}

const messageOf = <Message>({ state }: Desk<Message>, id: string): DeskMessage<Message> =>
  state().queue.find(({ item }) => item.id === id)!.item

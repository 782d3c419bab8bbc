import { RejectedError } from '#lib/errors/errors.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import type { Dice } from '../kernel/dice.ts'
import type { Event } from './processor.ts'

/** One input record, and whether an aborted transaction lies before it: then offsets have holes. */
export type Feed = Readonly<{ record: NewRecord; partition: number; aborted: boolean }>

const types = ['add', 'add', 'add', 'add', 'unit', 'ignored', 'refused', 'garbage'] as const

export function createFeed(dice: Dice, topic: string, count: number, partitions: number): Feed[] {
  let clock = 0
  return Array.from({ length: count }, (_, index) => {
    clock += dice.below(500)
    const type = dice.pick(types)
    const partition = dice.below(partitions)
    const event = {
      type,
      id: `${index}`,
      key: `k${index % 5}`,
      time: clock - dice.below(1_500),
      amount: 1 + dice.below(9),
      unit: `u${index}`,
    }
    const value = Buffer.from(type === 'garbage' ? `garbage ${index}` : JSON.stringify(event))
    const record = { topic, key: event.key, value, partition, headers: { 'collected-at': String(index) } }
    return { record, partition, aborted: dice.chance(0.15) }
  })
}

export function decodeEvent(bytes: Buffer): Event {
  const text = bytes.toString()
  if (text.startsWith('garbage')) throw new RejectedError('undecodable', text)
  return JSON.parse(text)
}

import type { Dice } from '../kernel/dice.ts'

/** No schema; one that nobody knows; one that is cut off; nothing at all. */
const garbage = [[...Buffer.from('{"json":true}')], [0, 0, 0, 0x7f, 0xff, 1, 2], [0, 0, 0, 0, 1], []].map((bytes) => Buffer.from(bytes))

export const someGarbage = (dice: Dice): Buffer => dice.pick(garbage)

/** What no reader can read, and none is told of. */
export const isGarbage = (value: Buffer): boolean => garbage.some((known) => known.equals(value))

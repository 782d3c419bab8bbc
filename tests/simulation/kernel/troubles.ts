import type { Dice } from './dice.ts'
import type { CallFate } from './scheduler.ts'

/** What shrinking takes away from a seed: records beyond a number, and troubles by their number. */
export type Limits = Readonly<{ records?: number; without?: readonly number[] }>

/**
 * What goes wrong, and when, within a budget: in the end the world is well, and the work must get done. Each trouble has a number, so
 * that a failing history can be told with those that matter only.
 */
export type Troubles = Readonly<{
  fateOf(label: string): CallFate
  /** Asked before each step. Null: nothing happens. */
  nextAction(names: readonly string[]): string | null
  /** All that happened, in order, by number. */
  drawn(): readonly string[]
}>

/** Calls whose answer a process may hear too late or never: the moments that matter most, and that chance rarely finds. */
export type Moments = Readonly<{ dice: Dice; calls: RegExp; chance: number }>

/** So often a history strikes at such a moment, beside its budget of other troubles. */
const maxMoments = 3

/** `quietSteps`: nothing happens before, or a budget would be spent on processes that start, and the work itself go undisturbed. */
export type TroublesOptions = Readonly<{ moments?: Moments; quietSteps?: number }>

export function createTroubles(dice: Dice, { without = [] }: Limits, { moments, quietSteps = 0 }: TroublesOptions = {}): Troubles {
  const budget = dice.pick([0, 1, 2, 3, 5, 8, 12])
  const callChance = dice.pick([0.01, 0.03, 0.1])
  const actionChance = dice.pick([0.005, 0.02, 0.05])
  const skipped = new Set(without)
  const drawn: string[] = []
  let number = 0
  let met = 0
  let steps = 0

  /** Counts it; false where shrinking took it away. */
  const happens = (name: string): boolean => {
    const own = number++
    if (skipped.has(own)) return false
    drawn.push(`${own} ${name}`)
    return true
  }

  return {
    fateOf(label) {
      if (steps < quietSteps) return 'answered'
      if (moments !== undefined && met < maxMoments && moments.calls.test(label) && moments.dice.chance(moments.chance)) {
        met++
        const fate = moments.dice.pick(['caller dies', 'caller freezes', 'request lost', 'answer lost'] as const)
        return happens(`${fate}: ${label}`) ? fate : 'answered'
      }
      if (number - met >= budget || !dice.chance(callChance)) return 'answered'
      const fate = dice.pick(['request lost', 'answer lost', 'answer lost', 'late'] as const)
      return happens(`${fate}: ${label}`) ? fate : 'answered'
    },
    nextAction(names) {
      if (steps++ < quietSteps) return null
      if (number - met >= budget || !dice.chance(actionChance)) return null
      const name = dice.pick(names)
      return happens(name) ? name : null
    },
    drawn: () => drawn,
  }
}

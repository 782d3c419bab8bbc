import type { Clock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { Dice } from './dice.ts'
import type { Trace } from './trace.ts'

/**
 * One scheduler for all simulated processes. They meet only in ports, and every port call is two parked steps: the request takes effect,
 * then its answer arrives. The seed draws which parked step goes next; it runs alone, and all that follows from it inside its process is
 * over before the next is drawn. Virtual time moves when nothing but sleepers is left.
 */
export interface Scheduler {
  readonly clock: Readonly<{ now(): number }>
  /** A process. Killed or frozen, it hears of nothing any more, or for a while. */
  actor(name: string): Actor
  clockOf(actor: Actor): Clock
  /** A call over the network: `effect` happens in the world, at once or later, or never; the caller hears of it later, or never. */
  call<T>(actor: Actor, label: string, args: unknown, effect: Effect<T>, kind?: CallKind): Promise<T>
  /** A step that is nobody's call: a marker being written, a session expiring, a process told of something (then it is the actor's). */
  park(actor: Actor | null, label: string, run: () => void): void
  /** The broker's own work, which takes steps but no time worth speaking of: no sleeper wakes before it is done. */
  parkPrompt(label: string, run: () => void): void
  /** The same, when a number of other steps were done, or nothing else is left to do. */
  parkLater(steps: number, actor: Actor | null, label: string, run: () => void): void
  kill(actor: Actor): void
  freeze(actor: Actor): void
  thaw(actor: Actor): void
  /** Moves a process's wall clock. Spans are measured by the monotonic one, which stays. */
  setBack(actor: Actor, millis: number): void
  /** Does one step after the other until `isDone`. `before` may do something to the world before each. Rejects when it cannot go on. */
  run(isDone: () => boolean, before: () => void): Promise<void>
  /** So many steps were done. */
  steps(): number
}

export type Actor = { readonly name: string; alive: boolean; frozen: boolean; skewMillis: number; readonly withheld: Step[] }

export type Effect<T> = (answer: Answer<T>) => void
export type Answer<T> = Readonly<{ give(value: T): void; fail(error: Error): void; isWanted(): boolean }>

/** A `steady` call is one that the client repeats by itself until it is answered (fetches, joining): losing it shows only as lateness. */
export type CallKind = 'steady' | 'lossy'

/** What the network does with a call. `late`: the caller gives up; the request takes effect whenever it gets there. */
export type CallFate = 'answered' | 'request lost' | 'answer lost' | 'late' | 'caller dies' | 'caller freezes'

type Step = Readonly<{ actor: Actor | null; label: string; run: () => void }>
type Sleeper = { readonly actor: Actor; readonly at: number; readonly wake: () => void }

export type SchedulerOptions = Readonly<{
  dice: Dice
  trace: Trace
  startsAt: number
  /** Asked once per lossy call. */
  fateOf(label: string): CallFate
  /** Its process ends, after the effect and before the answer. */
  onDeath?(actor: Actor): void
  /** Its process hears the answer when it thaws. */
  onFreeze?(actor: Actor): void
  /** More steps or more virtual time than any honest run takes. */
  maxSteps: number
  maxMillis: number
  /** Pools are drawn from evenly, or the newest or oldest step is preferred, with this chance. */
  bias: Readonly<{ newest: number; oldest: number }>
  /** Chance that time passes before a step although there is work: the network is slow, and timers go off meanwhile. */
  slowness: number
}>

export class SimulationError extends Error {
  override readonly name = 'SimulationError'
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { dice, trace, fateOf, maxSteps, maxMillis, bias, slowness } = options
  const pool: Step[] = []
  let later: { at: number; step: Step }[] = []
  let sleepers: Sleeper[] = []
  let time = options.startsAt
  let steps = 0
  let prompt = 0
  let ids = 0

  const park = (actor: Actor | null, label: string, run: () => void) => {
    pool.push({ actor, label, run })
  }

  const parkPrompt = (label: string, run: () => void) => {
    prompt++
    park(null, label, () => {
      prompt--
      run()
    })
  }

  function call<T>(actor: Actor, label: string, args: unknown, effect: Effect<T>, kind: CallKind = 'lossy'): Promise<T> {
    if (!actor.alive) return never()
    return new Promise<T>((resolve, reject) => {
      const arrive = (what: string, value: unknown, settle: () => void) => {
        park(actor, `${actor.name} ${label} ${what}`, () => {
          if (value !== undefined) trace.add(what, value)
          settle()
        })
      }
      const answer: Answer<T> = {
        give: (value) => arrive('answered', value, () => resolve(value)),
        fail: (error) => arrive('failed', error, () => reject(error)),
        isWanted: () => actor.alive,
      }
      const giveUp = () => answer.fail(new RetryableError(`${label}: no answer`))
      park(null, `${actor.name} ${label}`, () => {
        if (args !== undefined) trace.add('asked', args)
        const fate = kind === 'steady' ? 'answered' : fateOf(label)
        if (fate !== 'answered') trace.add(fate, undefined)
        if (fate === 'answered') return effect(answer)
        if (fate === 'caller freezes') {
          options.onFreeze?.(actor)
          return effect(answer)
        }
        if (fate === 'caller dies') {
          effect(unheard)
          return options.onDeath?.(actor)
        }
        giveUp()
        if (fate === 'answer lost') effect(unheard)
        if (fate === 'late') parkLater(1 + dice.below(40), null, `${actor.name} ${label} arrives late`, () => effect(unheard))
      })
    })
  }

  function parkLater(wait: number, actor: Actor | null, label: string, run: () => void): void {
    later.push({ at: steps + wait, step: { actor, label, run } })
  }

  function sleep(actor: Actor, millis: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (!actor.alive) return never()
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = { actor, at: time + Math.max(0, millis), wake: resolve }
      sleepers.push(sleeper)
      signal?.addEventListener(
        'abort',
        () => {
          sleepers = sleepers.filter((other) => other !== sleeper)
          reject(signal.reason)
        },
        { once: true },
      )
    })
  }

  function clockOf(actor: Actor): Clock {
    return {
      now: () => Math.floor(time) + actor.skewMillis,
      monotonic: () => time,
      sleep: (millis, signal) => sleep(actor, millis, signal),
      interval(millis, tick) {
        let sleeper: Sleeper
        let ended = false
        const next = () => {
          sleeper = { actor, at: time + Math.max(1, millis), wake }
          sleepers.push(sleeper)
        }
        const wake = () => {
          if (ended) return
          next()
          tick()
        }
        next()
        return () => {
          ended = true
          sleepers = sleepers.filter((other) => other !== sleeper)
        }
      },
      random: dice.uniform,
      uniqueId: () => `${actor.name}-${++ids}`,
    }
  }

  /** Steps that were put off, and are due; or, when nothing else is left, the first of them. */
  function releaseLater(): void {
    if (later.length === 0) return
    const due = later.filter(({ at }) => at <= steps)
    if (due.length === 0 && pool.length === 0) due.push(later.reduce((first, other) => (other.at < first.at ? other : first)))
    if (due.length === 0) return
    later = later.filter((waiting) => !due.includes(waiting))
    for (const { step } of due) pool.push(step)
  }

  function wakeSleepers(): void {
    sleepers = sleepers.filter(({ actor }) => actor.alive)
    const next = sleepers.reduce((first, { at, actor }) => (actor.frozen ? first : Math.min(first, at)), Number.POSITIVE_INFINITY)
    if (next === Number.POSITIVE_INFINITY) {
      if (pool.length > 0) return
      throw new SimulationError('nothing is left to do, and the work is not done')
    }
    time = Math.max(time, next)
    if (time - options.startsAt > maxMillis) throw new SimulationError(`not done after ${maxMillis} ms of virtual time`)
    const due = sleepers.filter(({ at, actor }) => at <= time && !actor.frozen)
    sleepers = sleepers.filter((sleeper) => !due.includes(sleeper))
    for (const { actor, wake } of due) park(actor, `${actor.name} wakes`, wake)
  }

  function draw(): Step {
    const chance = dice.uniform()
    const index =
      chance < bias.newest ? pool.length - 1 : chance < bias.newest + bias.oldest ? 0 : Math.min(pool.length - 1, dice.below(pool.length))
    const step = pool[index]!
    // The order of the rest stays: the oldest is always the first.
    pool.splice(index, 1)
    return step
  }

  function doOne(): void {
    for (;;) {
      releaseLater()
      if (pool.length === 0 || (dice.chance(slowness) && prompt === 0)) wakeSleepers()
      if (pool.length === 0) continue
      const step = draw()
      if (step.actor?.alive === false) continue
      if (step.actor?.frozen) {
        step.actor.withheld.push(step)
        continue
      }
      steps++
      trace.add(step.label, undefined)
      step.run()
      return
    }
  }

  return {
    clock: { now: () => Math.floor(time) },
    actor: (name) => ({ name, alive: true, frozen: false, skewMillis: 0, withheld: [] }),
    clockOf,
    call,
    park,
    parkPrompt,
    parkLater,
    kill(actor) {
      actor.alive = false
      actor.withheld.length = 0
    },
    freeze(actor) {
      actor.frozen = true
    },
    thaw(actor) {
      actor.frozen = false
      pool.push(...actor.withheld.splice(0))
    },
    setBack(actor, millis) {
      actor.skewMillis -= millis
    },
    steps: () => steps,
    run: (isDone, before) =>
      new Promise((resolve, reject) => {
        const turn = () => {
          try {
            if (isDone()) return resolve()
            if (steps > maxSteps) throw new SimulationError(`not done after ${maxSteps} steps`)
            before()
            doOne()
          } catch (error) {
            return reject(error)
          }
          drained(turn)
        }
        drained(turn)
      }),
  }
}

/** One for each: what waits for a promise hangs on it, and with it the world of a seed that is over. */
const never = () => new Promise<never>(() => {})
/** A request whose caller has given up: whatever it comes to, nobody hears of it. */
const unheard: Answer<unknown> = { give() {}, fail() {}, isWanted: () => false }
const settled = Promise.resolve()

/**
 * Calls back when every microtask is done, those that they begin too: a tick that is asked for from within a microtask runs only then.
 * Ten times cheaper than a turn of the event loop.
 */
const drained = (then: () => void): void => {
  void settled.then(() => process.nextTick(then))
}

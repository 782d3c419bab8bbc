import type { Clock } from '#lib/clock/clock.ts'
import { type Action, type Cause, type Life, type LifeEvent, type LifePolicy, newLife, next } from './app-life.ts'

/** One life of what is supervised: from a start to an end. */
export type Running = Readonly<{
  /** Resolves when it can be asked how it is; whether it rejects when it ends before does not matter. */
  started: Promise<unknown>
  /** Resolves when it has ended, with why. */
  ended: Promise<Cause>
  /** How it is; rejects where there is no answer in time. */
  probe(): Promise<Readonly<{ alive: boolean; waitingFor: string | null }>>
  /** At once, whatever it holds. */
  kill(): void
  /** Drains, then ends. */
  stop(): void
}>

export type Supervised = Readonly<{
  life(): Life
  /** Asks it to end, and resolves when it has. Idempotent. */
  stop(): Promise<void>
}>

export type SupervisedOptions = Readonly<{
  policy: LifePolicy
  start(): Running
}>

export interface Supervisor {
  /** Starts it now, and again whenever it ends, until it is stopped. */
  supervise(options: SupervisedOptions): Supervised
  /** Ends the watch; what runs goes on running. */
  close(): void
}

const tickMillis = 500
const probeEveryMillis = 2_000
/** Between two ticks lies more than this only where this process did not run. */
const sleptMillis = 5_000

/** The thin shell around app-life.ts: it starts, asks, listens, and does what that says. */
export function createSupervisor({ clock }: Readonly<{ clock: Clock }>): Supervisor {
  const all = new Set<(event: LifeEvent) => void>()
  const closing = new AbortController()

  const watch = async () => {
    let last = clock.monotonic()
    for (;;) {
      await clock.sleep(tickMillis, closing.signal)
      const slept = clock.monotonic() - last > sleptMillis
      last = clock.monotonic()
      for (const tell of all) tell({ type: slept ? 'woke' : 'tick' })
    }
  }
  watch().catch(() => {}) // Closed.

  return {
    supervise(options) {
      const { tell, supervised } = superviseOne(options, clock, closing.signal)
      all.add(tell)
      return supervised
    },
    close: () => closing.abort(),
  }
}

function superviseOne({ policy, start }: SupervisedOptions, clock: Clock, closing: AbortSignal) {
  let life = newLife(clock.monotonic())
  let running: Running | null = null
  const over = Promise.withResolvers<void>()

  const tell = (event: LifeEvent): void => {
    const step = next(life, event, clock.monotonic(), policy)
    life = step.life
    if (step.action !== null) act(step.action)
    if (life.phase.name === 'stopped') over.resolve()
  }
  const act = (action: Action): void => {
    if (action === 'start') begin()
    else if (action === 'kill') running?.kill()
    else running?.stop()
  }
  const begin = (): void => {
    const one = start()
    running = one
    const isCurrent = () => running === one
    one.started.then(
      () => {
        if (!isCurrent()) return
        tell({ type: 'started' })
        void probe(one, isCurrent)
      },
      () => {},
    )
    void one.ended.then((cause) => {
      if (!isCurrent()) return
      running = null
      tell({ type: 'ended', cause, chance: clock.random() })
    })
  }
  const probe = async (one: Running, isCurrent: () => boolean): Promise<void> => {
    while (isCurrent() && !closing.aborted) {
      const heard = await one.probe().then(
        (answer): LifeEvent => ({ type: 'answered', ...answer }),
        (): LifeEvent => ({ type: 'unanswered' }),
      )
      if (!isCurrent()) return
      tell(heard)
      const { phase } = life
      // Whoever starts is looked at often; silence is given time.
      const isStarting = phase.name === 'up' && phase.waitingFor !== null && phase.unanswered === 0
      await clock.sleep(isStarting ? tickMillis : probeEveryMillis, closing).catch(() => {})
    }
  }
  begin()
  const supervised: Supervised = {
    life: () => life,
    stop() {
      tell({ type: 'stop' })
      return over.promise
    },
  }
  return { tell, supervised }
}

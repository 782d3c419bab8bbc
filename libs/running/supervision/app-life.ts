/**
 * What becomes of one thing that is to stay up (an app, a server of the local stack), as a pure function of what is heard of it:
 *
 *   starting ──started──► up ──unanswered n times──► ending (killed) ──ended──► pausing ──tick──► starting …
 *      └──────────────ended, or silent for too long──────────────────────────────┘ │
 *                                              too many ends in a while ──► resting ┘ (until the while has passed)
 *                                              wrong configuration      ──► given up
 *
 * `stop` leads from everywhere to stopping and stopped. Moments are milliseconds of the supervisor's monotonic clock.
 */
export type Phase =
  | Readonly<{ name: 'starting'; since: number }>
  /** `waitingFor`: what it says it lacks; null when it is ready. */
  | Readonly<{ name: 'up'; waitingFor: string | null; unanswered: number }>
  | Readonly<{ name: 'ending'; cause: Cause }>
  | Readonly<{ name: 'pausing'; until: number; cause: Cause }>
  | Readonly<{ name: 'resting'; until: number; cause: Cause }>
  | Readonly<{ name: 'given up'; cause: Cause }>
  | Readonly<{ name: 'stopping' }>
  | Readonly<{ name: 'stopped' }>

export type Life = Readonly<{
  phase: Phase
  /** When it ended, as far back as the limit reaches, oldest first. */
  ends: readonly number[]
  /** How often it was started again, ever. */
  restarts: number
}>

/** Why it ended, for a person to read: one sentence without a full stop. */
export type Cause = Readonly<{
  sentence: string
  /**
   * `own`: it counts against the limit. `world`: what it needs was away (a server, space on the disk), which no limit should make worse.
   * `usage`: it was started wrongly, and a further start would end the same way.
   */
  blame: 'own' | 'world' | 'usage'
}>

export type LifeEvent =
  | Readonly<{ type: 'started' }>
  /** `alive` false: its own loop does not turn. */
  | Readonly<{ type: 'answered'; alive: boolean; waitingFor: string | null }>
  | Readonly<{ type: 'unanswered' }>
  /** `chance`: uniform in [0, 1). */
  | Readonly<{ type: 'ended'; cause: Cause; chance: number }>
  | Readonly<{ type: 'tick' }>
  /** The supervisor itself did not run for a while (a machine that slept): whoever was silent may only have slept too. */
  | Readonly<{ type: 'woke' }>
  | Readonly<{ type: 'stop' }>

export type Action = 'start' | 'kill' | 'stop'

export type LifePolicy = Readonly<{
  /** So many ends within `windowMillis` are each answered by a start soon after. */
  maxEnds: number
  windowMillis: number
  /** Before the first start anew; doubled with each further end in the window, half of it by chance. */
  firstPauseMillis: number
  maxPauseMillis: number
  /** Probes without a good answer, one after the other, after which it counts as hanging. */
  hangingProbes: number
  /** One that has not started by then hangs as well. */
  startMillis: number
}>

export const appPolicy: LifePolicy = {
  maxEnds: 5,
  windowMillis: 300_000,
  firstPauseMillis: 500,
  maxPauseMillis: 15_000,
  hangingProbes: 5,
  startMillis: 120_000,
}

export const newLife = (at: number): Life => ({ phase: { name: 'starting', since: at }, ends: [], restarts: 0 })

export type Step = Readonly<{ life: Life; action: Action | null }>

/** What follows from an event at a moment. An event that means nothing in a phase (a late answer of one that has ended) changes nothing. */
export function next(life: Life, event: LifeEvent, at: number, policy: LifePolicy): Step {
  const { phase } = life
  if (event.type === 'stop') return stop(life)
  if (phase.name === 'given up' || phase.name === 'stopped') return stay(life)
  if (event.type === 'ended') return phase.name === 'stopping' ? to(life, { name: 'stopped' }) : ended(life, event, at, policy)
  switch (phase.name) {
    case 'starting':
      return starting(life, phase.since, event, at, policy)
    case 'up':
      return up(life, phase, event, policy)
    case 'pausing':
    case 'resting':
      if (event.type !== 'tick' || at < phase.until) return stay(life)
      return { life: { ...life, phase: { name: 'starting', since: at }, restarts: life.restarts + 1 }, action: 'start' }
    default:
      return stay(life)
  }
}

const stay = (life: Life): Step => ({ life, action: null })
const to = (life: Life, phase: Phase, action: Action | null = null): Step => ({ life: { ...life, phase }, action })

/** What runs is asked to end; what does not run has ended. */
function stop(life: Life): Step {
  switch (life.phase.name) {
    case 'starting':
    case 'up':
      return to(life, { name: 'stopping' }, 'stop')
    case 'ending':
      return to(life, { name: 'stopping' })
    case 'pausing':
    case 'resting':
    case 'given up':
      return to(life, { name: 'stopped' })
    default:
      return stay(life)
  }
}

function starting(life: Life, since: number, event: LifeEvent, at: number, { startMillis }: LifePolicy): Step {
  if (event.type === 'started') return to(life, { name: 'up', waitingFor: 'its start', unanswered: 0 })
  if (event.type === 'woke') return to(life, { name: 'starting', since: at })
  if (event.type !== 'tick' || at - since < startMillis) return stay(life)
  return to(life, { name: 'ending', cause: own(`did not start within ${startMillis / 1_000} s`) }, 'kill')
}

function up(life: Life, phase: Extract<Phase, { name: 'up' }>, event: LifeEvent, { hangingProbes }: LifePolicy): Step {
  if (event.type === 'woke') return to(life, { ...phase, unanswered: 0 })
  if (event.type === 'answered' && event.alive) return to(life, { name: 'up', waitingFor: event.waitingFor, unanswered: 0 })
  if (event.type !== 'answered' && event.type !== 'unanswered') return stay(life)
  const unanswered = phase.unanswered + 1
  if (unanswered < hangingProbes) return to(life, { ...phase, unanswered })
  return to(life, { name: 'ending', cause: own(`did not answer ${unanswered} times in a row and was killed`) }, 'kill')
}

const own = (sentence: string): Cause => ({ sentence, blame: 'own' })

function ended(life: Life, event: Extract<LifeEvent, { type: 'ended' }>, at: number, policy: LifePolicy): Step {
  const { phase } = life
  if (phase.name === 'pausing' || phase.name === 'resting') return stay(life)
  // One that we killed ended for the reason for which we did.
  const cause = phase.name === 'ending' ? phase.cause : event.cause
  if (cause.blame === 'usage') return to(life, { name: 'given up', cause })
  const recent = life.ends.filter((moment) => at - moment < policy.windowMillis)
  const ends = cause.blame === 'own' ? [...recent, at] : recent
  if (ends.length > policy.maxEnds) {
    const until = ends[ends.length - policy.maxEnds]! + policy.windowMillis
    return { life: { ...life, ends, phase: { name: 'resting', until, cause } }, action: null }
  }
  const full = Math.min(policy.maxPauseMillis, policy.firstPauseMillis * 2 ** Math.max(0, ends.length - 1))
  return { life: { ...life, ends, phase: { name: 'pausing', until: at + full / 2 + (event.chance * full) / 2, cause } }, action: null }
}

/** One word or two on how it is, as a line of states shows it. */
export function describePhase(phase: Phase, at: number): string {
  const seconds = (until: number) => `${Math.max(0, Math.ceil((until - at) / 1_000))} s`
  switch (phase.name) {
    case 'up':
      if (phase.unanswered > 0) return 'does not answer'
      return phase.waitingFor === null ? 'ready' : `waiting for ${phase.waitingFor}`
    case 'pausing':
      return `restarting in ${seconds(phase.until)}: ${phase.cause.sentence}`
    case 'resting':
      return `ended too often, next start in ${seconds(phase.until)}: ${phase.cause.sentence}`
    case 'given up':
      return `given up: ${phase.cause.sentence}`
    case 'ending':
      return `killed: ${phase.cause.sentence}`
    default:
      return phase.name
  }
}

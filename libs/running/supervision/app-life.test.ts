import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Action, type Cause, describePhase, type Life, type LifeEvent, type LifePolicy, newLife, next } from './app-life.ts'

const policy: LifePolicy = {
  maxEnds: 3,
  windowMillis: 60_000,
  firstPauseMillis: 1_000,
  maxPauseMillis: 4_000,
  hangingProbes: 3,
  startMillis: 10_000,
}

const cause: Cause = { sentence: 'was killed (SIGKILL)', blame: 'own' }
const ended: LifeEvent = { type: 'ended', cause, chance: 0 }
const answered: LifeEvent = { type: 'answered', alive: true, waitingFor: null }
const unanswered: LifeEvent = { type: 'unanswered' }
const tick: LifeEvent = { type: 'tick' }

/** Plays events at moments; resolves to the last life and what was to be done on the way. */
function play(steps: readonly (readonly [number, LifeEvent])[], from: Life = newLife(0)) {
  const actions: [number, Action][] = []
  let life = from
  for (const [at, event] of steps) {
    const step = next(life, event, at, policy)
    life = step.life
    if (step.action !== null) actions.push([at, step.action])
  }
  return { life, actions }
}

const running = play([
  [1, { type: 'started' }],
  [2, answered],
]).life

test('an app that ends is started again after a pause, and not before it is over', () => {
  const { life, actions } = play(
    [
      [100, ended],
      [599, tick],
      [600, tick],
    ],
    running,
  )
  expect(actions).toEqual([[600, 'start']])
  expect(life).toMatchObject({ phase: { name: 'starting' }, restarts: 1 })
})

test('pauses double up to the longest, and chance makes them longer, never shorter than half', () => {
  const pauseAfter = (ends: number, chance: number): number => {
    const { phase } = next({ ...running, ends: Array<number>(ends).fill(0) }, { ...ended, chance } as LifeEvent, 0, {
      ...policy,
      maxEnds: 99,
    }).life
    return phase.name === 'pausing' ? phase.until : Number.NaN
  }
  expect([0, 1, 2, 3, 9].map((ends) => pauseAfter(ends, 0))).toEqual([500, 1_000, 2_000, 2_000, 2_000])
  expect([0, 1, 2, 3, 9].map((ends) => pauseAfter(ends, 1))).toEqual([1_000, 2_000, 4_000, 4_000, 4_000])
})

test('more ends in the window than allowed: it rests until there is room again, and says so', () => {
  let life = running
  for (const at of [1_000, 2_000, 3_000]) life = play([[at, ended]], { ...life, phase: running.phase }).life
  const rested = next({ ...life, phase: running.phase }, ended, 4_000, policy).life
  expect(rested.phase).toEqual({ name: 'resting', until: 62_000, cause })
  expect(describePhase(rested.phase, 4_000)).toBe('ended too often, next start in 58 s: was killed (SIGKILL)')
  expect(next(rested, tick, 61_999, policy).action).toBe(null)
  expect(next(rested, tick, 62_000, policy).action).toBe('start')
})

test('what the world did to it does not count against it', () => {
  const away: LifeEvent = { type: 'ended', cause: { sentence: 'no broker answers', blame: 'world' }, chance: 1 }
  let life = running
  for (let at = 0; at < 50_000; at += 1_000) life = play([[at, away]], { ...life, phase: running.phase }).life
  expect(life).toMatchObject({ phase: { name: 'pausing' }, ends: [] })
})

test('one that was started wrongly is not started again', () => {
  const { life, actions } = play(
    [
      [100, { type: 'ended', cause: { sentence: 'DISCORD_TOKEN is not set', blame: 'usage' }, chance: 0 }],
      [1_000_000, tick],
    ],
    running,
  )
  expect(actions).toEqual([])
  expect(describePhase(life.phase, 0)).toBe('given up: DISCORD_TOKEN is not set')
})

describe('hanging', () => {
  test('is so many probes without an answer, one after the other', () => {
    const once = [
      [10, unanswered],
      [20, unanswered],
      [30, answered],
      [40, unanswered],
      [50, unanswered],
    ] as const
    expect(play(once, running).actions).toEqual([])
    const { life, actions } = play([...once, [60, unanswered]], running)
    expect(actions).toEqual([[60, 'kill']])
    // The end that follows is known for what it is.
    expect(next(life, ended, 70, policy).life.phase).toMatchObject({
      name: 'pausing',
      cause: { sentence: expect.stringMatching(/did not answer 3 times/) },
    })
  })

  test('an answer that its loop does not turn is as good as none', () => {
    const stuck: LifeEvent = { type: 'answered', alive: false, waitingFor: null }
    expect(
      play(
        [
          [10, stuck],
          [20, stuck],
          [30, stuck],
        ],
        running,
      ).actions,
    ).toEqual([[30, 'kill']])
  })

  test('probes before the supervisor itself slept do not count', () => {
    const slept = [
      [10, unanswered],
      [20, unanswered],
      [90_000, { type: 'woke' }],
      [90_001, unanswered],
      [90_002, unanswered],
    ] as const
    expect(play(slept, running).actions).toEqual([])
  })

  test('one that never starts is killed too, counted from when the supervisor woke', () => {
    expect(
      play([
        [9_999, tick],
        [10_000, tick],
      ]).actions,
    ).toEqual([[10_000, 'kill']])
    expect(
      play([
        [9_999, { type: 'woke' }],
        [19_998, tick],
        [19_999, tick],
      ]).actions,
    ).toEqual([[19_999, 'kill']])
  })

  test('one that waits for a server hangs never', () => {
    const waits: LifeEvent = { type: 'answered', alive: true, waitingFor: 'Kafka' }
    const { life, actions } = play(
      [
        [10, waits],
        [1_000_000, waits],
        [9_000_000, waits],
      ],
      running,
    )
    expect(actions).toEqual([])
    expect(describePhase(life.phase, 0)).toBe('waiting for Kafka')
  })
})

/** Every phase that can be reached, and every event in it: the table is small enough to walk through whole. */
describe('from every phase', () => {
  const events: LifeEvent[] = [
    { type: 'started' },
    answered,
    { type: 'answered', alive: false, waitingFor: 'log' },
    unanswered,
    ended,
    { type: 'ended', cause: { sentence: 'x', blame: 'world' }, chance: 0.5 },
    { type: 'ended', cause: { sentence: 'x', blame: 'usage' }, chance: 0.5 },
    tick,
    { type: 'woke' },
    { type: 'stop' },
  ]

  /** The process as it would be: what the actions make of it. */
  const follow = (history: readonly number[]) => {
    let [life, at] = [newLife(0), 0]
    let runs = true
    const states: { life: Life; runs: boolean; action: Action | null }[] = []
    for (const choice of history) {
      at += 1_000 + (choice % 7) * 3_000
      const event = events[choice % events.length]!
      // Only what runs can be heard of, or end.
      if (!runs && !['tick', 'woke', 'stop'].includes(event.type)) continue
      const step = next(life, event, at, policy)
      if (event.type === 'ended') runs = false
      if (step.action === 'start') runs = true
      life = step.life
      states.push({ life, runs, action: step.action })
    }
    return states
  }
  const histories = fc.array(fc.nat(999), { maxLength: 60 })

  test('never two at once: it is started only where none runs, and killed or stopped only where one does', () => {
    fc.assert(
      fc.property(histories, (history) => {
        let ran = true
        for (const { runs, action } of follow(history)) {
          if (action === 'start') expect(ran).toBe(false)
          if (action === 'kill' || action === 'stop') expect(ran).toBe(true)
          ran = runs
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('what the phase says agrees with whether one runs', () => {
    fc.assert(
      fc.property(histories, (history) => {
        for (const { life, runs } of follow(history)) {
          const claims = {
            starting: true,
            up: true,
            ending: true,
            stopping: true,
            pausing: false,
            resting: false,
            'given up': false,
            stopped: false,
          }
          expect([life.phase.name, runs]).toEqual([life.phase.name, claims[life.phase.name]])
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('never for ever: unless stopped or given up, it is up again once it starts and answers', () => {
    fc.assert(
      fc.property(histories, (history) => {
        let life = follow(history).at(-1)?.life ?? newLife(0)
        if (['stopping', 'stopped', 'given up'].includes(life.phase.name)) return
        for (let turn = 1; turn <= 4; turn++) {
          const at = 10_000_000 * turn
          if (life.phase.name === 'ending') life = next(life, ended, at, policy).life
          life = next(life, tick, at, policy).life
          life = next(life, { type: 'started' }, at, policy).life
          life = next(life, answered, at, policy).life
        }
        expect(life.phase).toEqual({ name: 'up', waitingFor: null, unanswered: 0 })
      }),
      { numRuns: 2_000 },
    )
  })

  test('once it is to stop, nothing is started any more', () => {
    fc.assert(
      fc.property(histories, histories, (before, after) => {
        const stopped = next(follow(before).at(-1)?.life ?? newLife(0), { type: 'stop' }, 5_000_000, policy).life
        let life = stopped
        for (const choice of after) {
          const step = next(life, events[choice % events.length]!, 6_000_000, policy)
          expect(step.action).not.toBe('start')
          life = step.life
        }
      }),
    )
  })
})

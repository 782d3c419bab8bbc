import { expect, onTestFinished, test } from 'vitest'
import { createManualClock, type ManualClock } from '#lib/clock/clock.ts'
import { appPolicy, type Cause } from './app-life.ts'
import { createSupervisor, type Running } from './supervisor.ts'

/** Something that runs when it is started and does what a test says. */
function world() {
  const clock = createManualClock(0)
  const supervisor = createSupervisor({ clock })
  onTestFinished(supervisor.close)
  const lives: { ended: PromiseWithResolvers<Cause>; killed: boolean; stopped: boolean; probes: number }[] = []
  let answers = true
  const start = (): Running => {
    const life = { ended: Promise.withResolvers<Cause>(), killed: false, stopped: false, probes: 0 }
    lives.push(life)
    return {
      started: Promise.resolve(),
      ended: life.ended.promise,
      async probe() {
        life.probes++
        if (!answers) throw new Error('no answer')
        return { alive: true, waitingFor: null }
      },
      kill() {
        life.killed = true
        life.ended.resolve({ sentence: 'was killed', blame: 'own' })
      },
      stop() {
        life.stopped = true
        life.ended.resolve({ sentence: 'stopped', blame: 'own' })
      },
    }
  }
  const supervised = supervisor.supervise({ policy: appPolicy, start })
  return { clock, lives, supervised, hang: () => (answers = false), answer: () => (answers = true) }
}

/** Half a second at a time, as the supervisor's own clock ticks. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 2; step++) {
    clock.advanceTo(clock.now() + 500)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('what ends is started again, once', async () => {
  const { clock, lives, supervised } = world()
  await pass(clock, 1)
  lives[0]!.ended.resolve({ sentence: 'ended by itself', blame: 'own' })
  await pass(clock, 5)
  expect(lives).toHaveLength(2)
  expect(supervised.life()).toMatchObject({ phase: { name: 'up', waitingFor: null }, restarts: 1 })
})

test('what hangs is killed, and a new one takes its place', async () => {
  const { clock, lives, hang, answer } = world()
  await pass(clock, 1)
  hang()
  await pass(clock, 15)
  expect(lives[0]!.killed).toBe(true)
  answer()
  await pass(clock, 5)
  expect(lives).toHaveLength(2)
})

test('nothing that was silent while the machine slept is killed for it', async () => {
  const { clock, lives, hang, answer, supervised } = world()
  await pass(clock, 1)
  hang()
  await pass(clock, 6)
  clock.advanceTo(clock.now() + 3_600_000)
  await pass(clock, 4)
  expect(lives.map(({ killed }) => killed)).toEqual([false])
  answer()
  await pass(clock, 4)
  expect(supervised.life()).toMatchObject({ phase: { name: 'up', unanswered: 0 }, restarts: 0 })
})

test('a stop waits for the end, and nothing comes after it', async () => {
  const { clock, lives, supervised } = world()
  await pass(clock, 1)
  const stopped = supervised.stop()
  await stopped
  await supervised.stop()
  await pass(clock, 30)
  expect(lives.map((life) => life.stopped)).toEqual([true])
  expect(supervised.life().phase.name).toBe('stopped')
})

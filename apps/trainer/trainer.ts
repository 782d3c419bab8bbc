import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { type RetrainingSettings, reasonToTrain } from '#lib/learning/retraining.ts'
import { beginAgain, beginTraining, type Conclusion, endTraining, type StepNews, withStep } from '#lib/training/pipeline/training-run.ts'
import type { TrainingRun } from '#schemas/types.ts'
import type { MarketWatch } from './market-watch.ts'
import type { Trainings } from './trainings.ts'

export type TrainerOptions = Readonly<{
  market: Pick<MarketWatch, 'source' | 'facts'>
  trainings: Pick<Trainings, 'isOurs' | 'isRead' | 'newest' | 'write'>
  clock: Clock
  retraining: RetrainingSettings
  days: number
  lookMillis: number
  codeVersion: string
  /** Does the steps, somewhere else: a training must not stop this loop. Rejects where it ended without a conclusion. */
  work(run: TrainingRun, onStep: (news: StepNews) => void, signal: AbortSignal): Promise<Conclusion>
  /** An ended training into the tracker, once. */
  writeDown(run: TrainingRun): Promise<void>
  onBegun(run: TrainingRun): void
  onEnded(run: TrainingRun): void
}>

/** Killed so often, it is the training that kills. */
const maxAttempts = 5
const lossPollMillis = 1_000

/** Looks, again and again, whether there is a reason to train, and sees one training at a time through to its end. */
export function createTrainer(options: TrainerOptions): { finished: Promise<void>; stop(): Promise<void> } {
  const { market, trainings, clock, retraining, days, lookMillis, codeVersion } = options
  const stopping = new AbortController()

  const due = (): TrainingRun | null => {
    const newest = trainings.newest()
    if (newest?.status === 'running') return beginAgain(newest)
    const facts = market.facts(newest?.learnUntil ?? null)
    const source = market.source()
    const reason = facts === null || source === null ? null : reasonToTrain(facts, retraining)
    if (facts === null || source === null || reason === null) return null
    const [learnFrom, learnUntil] = [Math.round(facts.now - days * dayMillis), facts.now]
    return beginTraining({ source, ...reason, learnFrom, learnUntil, seed: 1 }, clock.now(), codeVersion)
  }

  const train = async (begun: TrainingRun): Promise<void> => {
    let run = begun
    let written = trainings.write(run)
    const note = (next: TrainingRun) => {
      run = next
      written = written.then(() => trainings.write(next))
      written.catch(() => {})
    }
    await written
    options.onBegun(run)
    const conclusion = await conclude(run, (news) => note(withStep(run, news, clock.now())))
    if (conclusion === null) return
    note(endTraining(run, conclusion, clock.now()))
    // Before its end is durable: killed between the two, it is ended once more and is known to the tracker.
    await options.writeDown(run)
    await written
    options.onEnded(run)
  }

  /** Null: stopped, or another trainer has taken over. It goes on from what is kept. */
  const conclude = async (run: TrainingRun, onStep: (news: StepNews) => void): Promise<Conclusion | null> => {
    if (run.attempts > maxAttempts)
      return {
        status: 'failed',
        sentence: `it was begun ${maxAttempts} times and came to no end: too little memory? See the log of the trainer`,
      }
    const cut = new AbortController()
    const stopWatching = clock.interval(lossPollMillis, () => {
      if (!trainings.isOurs()) cut.abort()
    })
    const signal = AbortSignal.any([cut.signal, stopping.signal])
    try {
      return await options.work(run, onStep, signal)
    } catch (error) {
      return signal.aborted ? null : { status: 'failed', sentence: (error as Error).message }
    } finally {
      stopWatching()
    }
  }

  const finished = (async () => {
    while (!stopping.signal.aborted) {
      const run = trainings.isRead() ? due() : null
      if (run !== null) await train(run)
      await clock.sleep(lookMillis, stopping.signal).catch(() => {})
    }
  })()
  finished.catch(() => {})
  return {
    finished,
    async stop() {
      stopping.abort(new Error('stopping'))
      await finished.catch(() => {})
    },
  }
}

import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { createStateReport, type State, stateLines } from './state-lines.ts'
import { describePhase, type Phase } from './supervision/app-life.ts'

const ready: Phase = { name: 'up', waitingFor: null, unanswered: 0 }
const killed: Phase = { name: 'pausing', until: 2_000, cause: { sentence: 'was killed (SIGKILL)', blame: 'own' } }
const waiting: Phase = { name: 'up', waitingFor: 'log: no answer', unanswered: 0 }
const state = (name: string, phase: Phase, at = 0): State => ({ name, phase, text: describePhase(phase, at) })
const names = ['collector', 'enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'ledger', 'archiver', 'dashboard']

test('those that are ready share a line, whoever is not has one', () => {
  const states = names.map((name) => state(name, name === 'scorer' ? killed : ready))
  expect(stateLines(states, 200)).toEqual([
    'ready: collector, enricher, featurizer, alerter, notifier, ledger, archiver, dashboard',
    'scorer      restarting in 2 s: was killed (SIGKILL)',
  ])
  for (const line of stateLines(states, 80).slice(0, -1)) expect(line.length).toBeLessThan(80)
  expect(stateLines(states, 80).join(' ')).toContain('dashboard')
  // Where there is no terminal: only what is not well.
  expect(stateLines(states, null)).toHaveLength(1)
})

test('an end is said at once and an end of trouble too; seconds that pass are no news, nor is a good start', () => {
  const clock = createManualClock(0)
  const said: string[] = []
  const report = createStateReport({ clock, say: (line) => said.push(line) })
  report.look([state('scorer', { name: 'starting', since: 0 })])
  report.look([state('scorer', ready)])
  expect(said).toEqual([])
  report.look([state('scorer', killed, 0)])
  report.look([state('scorer', killed, 1_000)])
  report.look([state('scorer', ready)])
  report.look([state('scorer', ready)])
  expect(said).toEqual(['scorer: restarting in 2 s: was killed (SIGKILL)', 'scorer: ready'])
})

test('waiting is said only if it lasts', () => {
  const clock = createManualClock(0)
  const said: string[] = []
  const report = createStateReport({ clock, say: (line) => said.push(line) })
  report.look([state('scorer', ready)])
  report.look([state('scorer', waiting)])
  report.look([state('scorer', ready)])
  expect(said).toEqual([])
  report.look([state('scorer', waiting)])
  clock.advanceTo(5_000)
  report.look([state('scorer', waiting)])
  expect(said).toEqual(['scorer: waiting for log: no answer'])
})

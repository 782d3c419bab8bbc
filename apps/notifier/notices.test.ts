import { describe, expect, test } from 'vitest'
import { decisionHeldEvent, modelPromotedEvent } from '#lib/market/event.ts'
import type { Control, TrainingRun } from '#schemas/types.ts'
import { noticeOfControl, noticeOfEvent, noticeOfTraining } from './notices.ts'

const at = Date.parse('2026-11-30T12:00:00Z')

describe('people are told', () => {
  test('of a rule that the ledger paused or resumed, with the reason, and not of what people did themselves', () => {
    const pause: Control = { kind: 'pause_rule', subject: 'default', by: 'ledger', reason: '3 of its 25 alerts gained', at }
    expect(noticeOfControl(pause)).toEqual({
      id: `notice:pause_rule:default:${at}`,
      title: 'Rule default is paused',
      text: '3 of its 25 alerts gained',
    })
    expect(noticeOfControl({ ...pause, kind: 'resume_rule' })?.title).toBe('Rule default posts again')
    expect(noticeOfControl({ ...pause, by: 'ada' })).toBeNull()
    expect(noticeOfControl({ ...pause, kind: 'pause' })).toBeNull()
  })

  test('of a training that failed, and where; not of one that is under way or was refused', () => {
    const run = { trainingId: 't', status: 'failed', reason: 'age', steps: [{ name: 'fit', status: 'failed' }], conclusion: 'SIGKILL' }
    expect(noticeOfTraining(run as unknown as TrainingRun)).toEqual({
      id: 'notice:training:t',
      title: 'A training failed at fit',
      text: 'Begun because: age. The model in force stays. SIGKILL',
    })
    expect(noticeOfTraining({ ...run, status: 'refused' } as unknown as TrainingRun)).toBeNull()
  })

  test('of a promotion, under the id of its event: a duplicate is told once', () => {
    const promotion = { modelId: 'stack-1', featureSetHash: 'f', reason: 'better by 2.1%', expected: null, evidence: null }
    const event = modelPromotedEvent(promotion, { observedAt: at, origin: 'live', source: 'live' })
    expect(noticeOfEvent(event)).toEqual({
      id: `notice:${event.eventId}`,
      title: 'Model stack-1 prices from now on',
      text: 'better by 2.1%',
    })
  })

  test('of a rollback that they hold, and how to make it', () => {
    const evidence = { block: 3, sales: 400, better: 0.1, lower: 0.02, upper: 0.2, sentence: 'previous champion shown better by 10.0%' }
    const expected = { modelId: 'stack-2', since: at }
    const held = { kind: 'roll_back', modelId: 'stack-1', expected, reason: evidence.sentence, evidence } as const
    const notice = noticeOfEvent(decisionHeldEvent(held, { observedAt: at, origin: 'live', source: 'live' }))
    expect(notice?.title).toBe('It would go back to model stack-1')
    expect(notice?.text).toContain('previous champion shown better by 10.0%. You hold decisions')
    expect(notice?.text).toContain('flipstream models rollback')
    expect(noticeOfEvent(decisionHeldEvent({ ...held, kind: 'promote' }, { observedAt: at, origin: 'live', source: 'live' }))?.title).toBe(
      'Model stack-1 would price from now on',
    )
  })
})

import { describe, expect, it } from 'vitest'
import { sentenceOf, type Verdict } from './verdict.ts'

const verdict = (changes: Partial<Verdict>): Verdict => ({
  modelId: 'b',
  against: 'a',
  standing: 'open',
  blocks: 9,
  sales: 1_200,
  better: 0.021,
  lower: -0.004,
  upper: 0.046,
  salesNeeded: 900,
  sentence: '',
  ...changes,
})

describe('the sentence of a verdict', () => {
  it('says what is seen so far, and about how much longer it takes', () => {
    expect(sentenceOf('challenger', verdict({}))).toBe('challenger better by 2.1%, needs about 900 more sales')
    expect(sentenceOf('challenger', verdict({ better: -0.001, salesNeeded: null }))).toBe(
      'challenger worse by 0.1%, too little to be shown soon',
    )
  })

  it('says what is shown, with its bounds', () => {
    expect(sentenceOf('challenger', verdict({ standing: 'better', lower: 0.004 }))).toBe(
      'challenger shown better by 2.1% (between +0.4% and +4.6% on 1200 sales)',
    )
    expect(sentenceOf('previous champion', verdict({ standing: 'worse', better: -0.05, lower: -0.09, upper: -0.01 }))).toBe(
      'previous champion shown worse by 5.0% (between -9.0% and -1.0% on 1200 sales)',
    )
    expect(sentenceOf('challenger', verdict({ standing: 'no worse' }))).toContain('shown no worse by 3.0%')
  })
})

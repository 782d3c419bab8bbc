import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judge } from './judge.ts'
import { classicRules, defaultRules } from './presets.ts'
import { parseRuleSet, ruleSetText } from './rule-set.ts'
import { parseRulesFile, RulesFileError } from './rules-file.ts'
import { sampleScored, scoredWith } from './testing/scored-listing-samples.ts'

const problemsIn = (text: string): string[] => {
  try {
    parseRulesFile(text, 'mine.yaml')
  } catch (error) {
    if (error instanceof RulesFileError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('rules file', () => {
  it('is short: what it leaves out is as in the default preset', () => {
    const rules = parseRulesFile('name: mine\nrules:\n  - name: half-price\n    when: ask.usd < 0.5 * forecast.q50\n', 'mine.yaml')
    const [preset] = defaultRules.rules
    expect(rules).toEqual({
      ...defaultRules,
      name: 'mine',
      rules: [
        {
          name: 'half-price',
          forecast: { kind: 'expression', when: 'ask.usd < 0.5 * forecast.q50' },
          secondCheck: { kind: 'none' },
          cooldown: preset!.cooldown,
          deadlineSeconds: preset!.deadlineSeconds,
        },
      ],
    })
  })

  it.each([defaultRules, classicRules])('a preset written as YAML is that preset: $name', (preset) => {
    expect(parseRulesFile(ruleSetText(preset), 'preset.yaml')).toEqual(preset)
  })

  it('judges by the expression, behind the guards, and by the second check it asks for', () => {
    const text = (check: string) =>
      `name: mine\nrules:\n  - name: half-price\n    when: ask.usd < 0.6 * forecast.q50\n    secondCheck: ${check}\n`
    const verdict = (check: string, change = {}) => {
      const rules = parseRulesFile(text(check), 'mine.yaml')
      return judge(rules.rules[0]!, rules, scoredWith(change))
    }
    expect(verdict('{ kind: none }')).toEqual({ type: 'passed' })
    expect(verdict('{ kind: none }', { ask: { usd: 100 } })).toEqual({ type: 'no_candidate' })
    expect(verdict('{ kind: none }', { novelty: 3 })).toEqual({ type: 'rejected', reason: 'novel' })
    expect(verdict('{ kind: ask_gap_or_sale, minimumAskGapEth: 1 }', { context: { similarSales: [] } })).toEqual({
      type: 'rejected',
      reason: 'second_check_asks',
    })
  })

  it('what it says is kept through the store, and has one hash', () => {
    const rules = parseRulesFile(readFileSync('examples/rules/combos.yaml', 'utf8'), 'combos.yaml')
    expect(parseRuleSet(ruleSetText(rules))).toEqual(rules)
  })

  it.each(readdirSync('examples/rules'))('the example %s loads', (name) => {
    const rules = parseRulesFile(readFileSync(`examples/rules/${name}`, 'utf8'), name)
    for (const rule of rules.rules) expect(judge(rule, rules, sampleScored)).toHaveProperty('type')
  })

  it('the combo example fires on the axie it is about', () => {
    const rules = parseRulesFile(readFileSync('examples/rules/combos.yaml', 'utf8'), 'combos.yaml')
    const { item } = sampleScored.listing
    const parts = { ...item.parts, mouth: 'mouth-serious', back: 'back-pumpkin', tail: 'tail-carrot' }
    const scored = scoredWith({ listing: { item: { ...item, class: 'plant', parts } } })
    expect(judge(rules.rules[0]!, rules, scored)).toEqual({ type: 'passed' })
    expect(judge(rules.rules[0]!, rules, sampleScored)).toEqual({ type: 'no_candidate' })
  })

  describe('says what is wrong, with line and column, all at once', () => {
    it.each([
      [
        'mistakes in expressions, in every form of text',
        `name: mine
rules:
  - name: plain
    when: item.clas == "plant"
  - name: quoted
    when: "ask.eur < 1 && item.clas == \\"plant\\""
  - name: folded
    when: >
      ask.usd < 1
        && item.clas == "plant"
  - name: literal
    when: |
      ask.usd < 1 &&
      10 < item.clas
`,
        [
          'mine.yaml:4:16: rules.0.when: No such key: clas',
          'mine.yaml:6:16: rules.1.when: No such key: eur',
          'mine.yaml:6:32: rules.1.when: No such key: clas',
          'mine.yaml:10:17: rules.2.when: No such key: clas',
          'mine.yaml:14:17: rules.3.when: No such key: clas',
        ],
      ],
      [
        'misspelt, missing and impossible members',
        `name: mine
feeRatio: 2
guard: {}
rules:
  - name: No Spaces
    when: ask.usd < 1
    cooldown: { hours: 3 }
    deadline: 30
  - name: fine
    when: ask.usd < 1
    forecast: { kind: multiple }
  - cooldown: soon
    when: 3
  - name: idle
`,
        [
          expect.stringMatching(/^mine\.yaml:2:11: feeRatio: /),
          'mine.yaml:3:1: expected no member called guard',
          expect.stringMatching(/^mine\.yaml:5:11: rules\.0\.name: expected a name of lower case/),
          'mine.yaml:7:17: expected no member called hours',
          'mine.yaml:8:5: expected no member called deadline',
          'mine.yaml:10:11: expected either when (an expression) or forecast, found both',
          expect.stringMatching(/^mine\.yaml:12:5: rules\.2\.name: /),
          expect.stringMatching(/^mine\.yaml:12:15: rules\.2\.cooldown: /),
          expect.stringMatching(/^mine\.yaml:13:11: rules\.2\.when: /),
          'mine.yaml:14:5: expected either when (an expression) or forecast, found neither',
        ],
      ],
      ['broken YAML', 'name: mine\nrules: [\n', [expect.stringMatching(/^mine\.yaml:3:1: /)]],
      [
        'a key given twice',
        'name: mine\nname: yours\n',
        [expect.stringMatching(/^mine\.yaml:2:1: expected each key once, found name again/)],
      ],
      ['no mapping at all', '- a\n', [expect.stringMatching(/^mine\.yaml:1:1: the document: /)]],
      ['nothing', '', [expect.stringMatching(/^mine\.yaml:1:1: the document: /)]],
      [
        'two rules of one name',
        'name: m\nrules:\n- {name: a, when: "true"}\n- {name: a, when: "true"}\n',
        ['mine.yaml:4:10: rules.1.name: expected every rule to have a name of its own'],
      ],
      ['rules that are none', 'name: m\nrules: many\n', [expect.stringMatching(/^mine\.yaml:2:8: rules: /)]],
      [
        'a bomb of aliases',
        `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
        [expect.stringMatching(/^mine\.yaml:1:1: /)],
      ],
    ])('%s', (_case, text, problems) => {
      expect(problemsIn(text)).toEqual(problems)
    })
  })

  it.each([
    ['60,000 keys', Array.from({ length: 60_000 }, (_, key) => `key${key}: 1`).join('\n'), /expected at most 100000 characters, found \d+/],
    [
      'as many keys as there may be',
      Array.from({ length: 10_000 }, (_, key) => `k${key}:`).join('\n'),
      /1:1: expected no member called k0/,
    ],
    ['one key again and again', 'version: 1\n'.repeat(9_000), /2:1: expected each key once, found version again/],
    ['keys of a rule', `rules:\n  - {name: a, ${Array.from({ length: 9_000 }, (_, key) => `k${key}: 1`).join(',')}}`, /k0/],
    ['rules', `rules:\n${'  - {name: a, when: "nope"}\n'.repeat(3_500)}`, /mine.yaml:/],
    ['brackets within brackets', '['.repeat(20_000), /mine.yaml:1:\d+: /],
  ])(
    'is refused soon, however much it is: %s',
    (_, text, message) => {
      const begun = performance.now()
      expect(() => parseRulesFile(text, 'mine.yaml')).toThrow(message)
      expect(performance.now() - begun).toBeLessThan(10_000)
    },
    20_000,
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { classicRules, defaultRules, defaultRulesHash, liveRules, presets } from './presets.ts'
import { parseRuleSet, ruleSetText, rulesHashOf } from './rule-set.ts'

describe('canonical JSON', () => {
  it('spells equal values alike, whatever the order of their keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'ä"' }], a: 0.1 })).toBe('{"a":0.1,"b":[1,{"c":"ä\\"","d":null}]}')
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(turned)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, { a: undefined }])('refuses %j', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})

describe('rule set', () => {
  it.each([defaultRules, liveRules, classicRules])('the preset $name is valid, and its text gives it back', (preset) => {
    expect(parseRuleSet(ruleSetText(preset))).toEqual(preset)
    expect(presets.get(rulesHashOf(preset))).toBe(preset)
  })

  // Alerts name their rules by these hashes: a preset that changes is another rule set, and must be a decision.
  it('presets keep their hashes', () => {
    expect({ default: defaultRulesHash, classic: rulesHashOf(classicRules) }).toMatchInlineSnapshot(`
      {
        "classic": "87184bc17f7d4d22af4ac5b03a09b5ccc74084c07334559a78c6135b21e42c31",
        "default": "b3222fc59dee2105bd9dda4feb2a20ebf4b141a1b50e4d2523409458fa0e2e72",
      }
    `)
  })

  it('the default of before models knew of exits is still known, and reads the forecast', () => {
    const earlier = presets.get('d532cccc67d4a9a8b707d81d8707417b7beaccdabd2f606d6aeb3a34567f3774')
    expect(earlier?.rules[0]?.forecast).toEqual({ kind: 'margin_after_fee', quantile: 'q25', minimumRatio: 1.3, minimumGainUsd: 5 })
  })

  it('says what is wrong, where, all at once', () => {
    const [rule] = defaultRules.rules
    const broken = { ...defaultRules, feeRatio: 2, rules: [{ ...rule, name: 'No Spaces', forecast: { kind: 'magic' } }] }
    expect(() => parseRuleSet(JSON.stringify(broken))).toThrow(/feeRatio.*\n.*rules\.0\.name.*\n.*rules\.0\.forecast/s)
    expect(() => parseRuleSet('{')).toThrow(/expected JSON/)
  })

  it('refuses unknown members: a misspelt limit must not be a limit that never acts', () => {
    expect(() => parseRuleSet(JSON.stringify({ ...defaultRules, guard: {} }))).toThrow(/guard/)
  })

  it('refuses two rules of one name, which would share alert ids', () => {
    expect(() => parseRuleSet(JSON.stringify({ ...defaultRules, rules: [...defaultRules.rules, ...defaultRules.rules] }))).toThrow(
      /name of its own/,
    )
  })

  it('refuses a cool-down longer than the alerter remembers', () => {
    const rules = defaultRules.rules.map((rule) => ({ ...rule, cooldown: { ...rule.cooldown, minutes: 24 * 60 + 1 } }))
    expect(() => parseRuleSet(JSON.stringify({ ...defaultRules, rules }))).toThrow(/cooldown\.minutes/)
  })
})

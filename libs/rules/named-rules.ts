import { readFileSync } from 'node:fs'
import { classicRules, defaultRules, liveRules } from './presets.ts'
import type { RuleSet } from './rule-set.ts'
import { parseRulesFile } from './rules-file.ts'

const named = [defaultRules, liveRules, classicRules]

export const presetNames: readonly string[] = named.map(({ name }) => name)

/** A preset by its name, else the rules of that file. RulesFileError with every mistake; what reading throws where there is no such file. */
export const readNamedRules = (given: string): RuleSet =>
  named.find(({ name }) => name === given) ?? parseRulesFile(readFileSync(given, 'utf8'), given)

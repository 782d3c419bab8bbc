import { defaultRulesHash } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { ruleWords } from '#lib/rules/rule-words.ts'
import type { RulesStore } from '#lib/rules/rules-store.ts'

/** The rule set that judges now, for people. `rules` is null while its document cannot be read. */
export type RulesShown = Readonly<{
  hash: string
  name: string | null
  rules: ReadonlyArray<Readonly<{ name: string; words: string }>> | null
}>

export type RulesInForce = Readonly<{
  shown(): RulesShown
  /** Reads the document where another one is in force. Never rejects: where it cannot be had, the next call tries again. */
  look(): Promise<void>
  /** Rejects where the document cannot be had. */
  read(): Promise<Readonly<{ hash: string; ruleSet: RuleSet }>>
}>

/** @param hashNow what the market's fold says is in force; null: nobody published rules */
export function createRulesInForce({
  rules,
  hashNow,
}: {
  rules: Pick<RulesStore, 'known' | 'load'>
  hashNow(): string | null
}): RulesInForce {
  const hash = () => hashNow() ?? defaultRulesHash
  return {
    shown: () => shownOf(hash(), rules.known(hash())),
    look: async () => void (await rules.load(hash()).catch(() => {})),
    async read() {
      const now = hash()
      return { hash: now, ruleSet: await rules.load(now) }
    },
  }
}

const shownOf = (hash: string, ruleSet: RuleSet | undefined): RulesShown => ({
  hash,
  name: ruleSet?.name ?? null,
  rules: ruleSet?.rules.map((rule) => ({ name: rule.name, words: ruleWords(rule, ruleSet) })) ?? null,
})

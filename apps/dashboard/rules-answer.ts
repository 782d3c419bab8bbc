import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'

/** The rule set that judges now, as the market's events name it; the default where none was published. */
export function createRulesInForce(store: ObjectStore, hashInForce: () => string | null) {
  const rules = createRulesStore(store)
  return async () => {
    const hash = hashInForce() ?? defaultRulesHash
    const document = await rules.load(hash)
    return { name: document.name, hash, rules: document.rules.map(({ name }) => name), document }
  }
}

import { defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { classicRules } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createAlerterProcessor, rulesHashFor } from '#lib/stages/alerter.ts'
import { withPaperAlerts } from '#lib/stages/paper-alerter.ts'

export const app = defineApp({
  name: 'alerter',
  summary: 'decides which scored listings deserve an alert, by the rules that each listing names',
  settings: {},
  async start(context) {
    const rules = createRulesStore(context.store)
    return startStage(context, {
      name: 'alerter',
      input: 'listings.scored',
      outputs: ['alerts', 'alerts.paper', 'candidates.rejected'],
      processor: withPaperAlerts(createAlerterProcessor({ ruleSet: rules.known }), classicRules),
      async prepare(inputs) {
        for (const hash of new Set(inputs.map(({ value }) => rulesHashFor(value)))) await rules.load(hash)
      },
    })
  },
})

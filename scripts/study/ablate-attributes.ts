/**
 * What a model gains by knowing what sets axies apart, on a generated market whose premiums are made up (libs/synthetic/special-axie.ts):
 * this shows that attributes reach the forecast, not how well real ones are priced.
 *
 *   node bin/node.mjs scripts/study/ablate-attributes.ts [sales, default 20000] [share of special axies, default 0.3]
 */
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { type Recipe, recipeOf } from '#lib/training/recipe.ts'
import { errorsByKind, forecastNewest, withoutAttributes } from '#lib/training/testing/ablation.ts'
import { specialSales } from '#lib/training/testing/special-sales.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'

const [sales = 20_000, specialShare = 0.3] = process.argv.slice(2).map(Number)
await startTensorRuntime('wasm')
const events = specialSales(sales, { seed: 1, specialShare })
const errorsOf = async (recipe: Recipe) => errorsByKind(events, await forecastNewest(events, recipe, 1))
const [without, known] = [await errorsOf(withoutAttributes(fastTrainingSettings)), await errorsOf(recipeOf(fastTrainingSettings))]
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
for (const kind of Object.keys(known) as (keyof typeof known)[])
  console.log(`${kind.padEnd(9)} n ${known[kind].n}  without ${percent(without[kind].medianApe)}  with ${percent(known[kind].medianApe)}`)

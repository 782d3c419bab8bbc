import type { Hash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutRoot } from '#lib/stack/resolve.ts'

const sources = [
  'libs/{archive,axie,codec,features,market,model,numbers,training,validation}/**/*.ts',
  'schemas/*.avsc',
  'package-lock.json',
]

/** Every line of code that reads sales, makes features and fits, and the runtime: what is kept of a training is good for no other. */
export function addTrainingCode(hash: Hash): void {
  hash.update(`${process.versions.node}\n`)
  for (const file of globSync(sources, { cwd: checkoutRoot }).sort())
    if (!file.endsWith('.test.ts')) hash.update(readFileSync(join(checkoutRoot, file)))
}

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * The real sales and facts that `*.data.test.ts` ask of: a folder that FLIPSTREAM_DATA names. They are not part of this repository.
 * The data tests run only where it is named (scripts/check/test.ts says aloud where they do not), and fail where it names nothing.
 */
export function marketData(file: string): string {
  const folder = process.env['FLIPSTREAM_DATA']
  if (folder === undefined || folder === '') throw new Error('expected FLIPSTREAM_DATA to name the folder of real sales, found nothing')
  const path = join(resolve(folder), file)
  if (!existsSync(path)) throw new Error(`expected ${file} in the folder that FLIPSTREAM_DATA names, found no ${path}`)
  return path
}

export const recordedSales = (): string => marketData('axie-sales-2022-04-11_22.csv')

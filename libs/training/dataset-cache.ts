import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { Clock } from '#lib/clock/clock.ts'
import { type ItemEffects, restoreItemEffects, storeItemEffects } from '#lib/model/item/item-effects.ts'
import type { StoredModel } from '#lib/model/model-family.ts'
import type { Dataset } from './dataset.ts'

/** What sales become before a model learns from them: the slow part of a training, and the same for all hyperparameters of the model. */
export type FoldedSales = Readonly<{ itemEffects: ItemEffects | null; dataset: Dataset }>

/** Folded sales of earlier trainings, by a hash of everything that they depend on. It may forget anything at any time. */
export interface DatasetCache {
  /** Null where nothing is there, and where it is in any doubt. */
  read(key: string): Promise<FoldedSales | null>
  /** A disk that takes nothing is told, and no error. */
  write(key: string, folded: FoldedSales): Promise<void>
}

export type DatasetCacheOptions = Readonly<{
  directory: string
  /** Beyond it, what was used longest ago is removed. */
  mostBytes: number
  clock: Clock
  /** A line for people. */
  say: (line: string) => void
}>

const hashBytes = 32
const hashOf = (content: Buffer): Buffer => createHash('sha256').update(content).digest()

/** One file an entry: the hash of the rest, and the rest. Written aside and renamed, so that nobody meets half of one. */
export function createDatasetCache({ directory, mostBytes, clock, say }: DatasetCacheOptions): DatasetCache {
  const fileOf = (key: string): string => join(directory, `${key}.dataset`)

  async function makeRoom(): Promise<void> {
    // With what was written aside by those who were killed.
    const names = await readdir(directory)
    const files = await Promise.all(names.map(async (name) => ({ file: join(directory, name), ...(await stat(join(directory, name))) })))
    let bytes = 0
    for (const { file, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size
      if (bytes > mostBytes) await rm(file, { force: true })
    }
  }

  return {
    async read(key) {
      try {
        const bytes = await readFile(fileOf(key))
        const content = bytes.subarray(hashBytes)
        if (!hashOf(content).equals(bytes.subarray(0, hashBytes))) return null
        const { itemModel, dataset } = deserialize(content) as { itemModel: StoredModel | null; dataset: Dataset }
        const usedAt = clock.now() / 1_000
        await utimes(fileOf(key), usedAt, usedAt)
        return { itemEffects: itemModel === null ? null : restoreItemEffects(itemModel), dataset }
      } catch {
        return null
      }
    },
    async write(key, { itemEffects, dataset }) {
      const content = serialize({ itemModel: itemEffects === null ? null : storeItemEffects(itemEffects), dataset })
      const aside = `${fileOf(key)}.${process.pid}`
      try {
        await mkdir(directory, { recursive: true })
        await writeFile(aside, Buffer.concat([hashOf(content), content]))
        await rename(aside, fileOf(key))
        await makeRoom()
      } catch (error) {
        await rm(aside, { force: true }).catch(() => {})
        say(`the folded sales are not kept for the next training: ${(error as Error).message}`)
      }
    },
  }
}

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In `file`, the one place that reads `from` is made to read `to`. */
export type Edit = Readonly<{ file: string; from: string; to: string }>

/** A fault planted on purpose. `and`: where two lines each keep a promise alone, the fault is that neither does. */
export type Mutant = Edit & Readonly<{ name: string; world: 'runner' | 'pipeline'; and?: readonly Edit[] }>

export const editsOf = ({ file, from, to, and = [] }: Mutant): readonly Edit[] => [{ file, from, to }, ...and]

/** The file with the fault in it. Throws where it does not apply any more: then the mutant is to be written anew. */
export function mutate(text: string, { file, from, to }: Edit): string {
  const places = text.split(from).length - 1
  if (places !== 1) throw new Error(`"${from}" stands in ${places} places of ${file}, and must stand in one: bring the mutant up to date`)
  return text.replace(from, () => to)
}

/** Null: it survived. */
export type MutantResult = Readonly<{ mutant: Mutant; killedBy: Readonly<{ seed: number; problem: string }> | null }>

/** In a copy of the tree, each fault by itself, until a seed sees it. */
export async function runMutants(
  root: string,
  mutants: readonly Mutant[],
  maxSeeds: Readonly<Record<Mutant['world'], number>>,
  onResult: (result: MutantResult) => void,
): Promise<MutantResult[]> {
  const tree = await mkdtemp(join(tmpdir(), 'flipstream-mutants-'))
  try {
    for (const folder of ['apps', 'libs', 'schemas', 'scripts', 'tests/simulation', 'package.json', 'tsconfig.json'])
      await cp(join(root, folder), join(tree, folder), { recursive: true })
    await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
    const results: MutantResult[] = []
    for (const mutant of mutants) {
      const edits = editsOf(mutant)
      for (const edit of edits) {
        const path = join(tree, edit.file)
        await writeFile(path, mutate(await readFile(path, 'utf8'), edit))
      }
      const result = { mutant, killedBy: await firstFailure(tree, mutant.world, maxSeeds[mutant.world]) }
      for (const { file } of edits) await cp(join(root, file), join(tree, file))
      onResult(result)
      results.push(result)
    }
    return results
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}

function firstFailure(tree: string, world: Mutant['world'], seeds: number): Promise<MutantResult['killedBy']> {
  const args = ['scripts/campaign/simulate.ts', '--only', world, '--seeds', `1..${seeds}`, '--first', '--json']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: tree, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      const answer = stdout.trim() === '' ? null : (JSON.parse(stdout) as { failures: { seed: number; problem: string }[] })
      if (answer === null) reject(error ?? new Error(`the simulation said nothing: ${stderr}`))
      else resolve(answer.failures[0] ?? null)
    })
  })
}

/** `npm run check`: everything that needs no server, side by side, one line per step. Exit code 1 if any step fails. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

type Step = Readonly<{ name: string; args: readonly string[] }>
type Outcome = Readonly<{ ok: boolean; output: string; summary: string }>

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = (name: string) => `node_modules/.bin/${name}`

/** The longest first, so that the short ones fill the gaps. */
const steps: readonly Step[] = [
  { name: 'unit tests', args: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'] },
  { name: 'dead code', args: [bin('knip'), '--no-progress'] },
  { name: 'types', args: [bin('tsc'), '-p', '.'] },
  { name: 'format and lint', args: [bin('biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'conventions', args: ['scripts/check/check-conventions.ts'] },
  { name: 'schema compatibility', args: ['scripts/check/check-schemas.ts'] },
  { name: 'generated types', args: ['scripts/generate/generate-types.ts', '--check'] },
  { name: 'feature docs', args: ['scripts/generate/feature-docs.ts', '--check'] },
  { name: 'numbers', args: ['scripts/generate/bench-docs.ts', '--check'] },
  { name: 'reference docs', args: ['scripts/generate/reference-docs.ts', '--check'] },
]

function run({ args }: Step): Promise<Outcome> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ok: code === 0, output, summary: /^\d+ passed, \d+ failed$/m.exec(output)?.[0] ?? '' }))
  })
}

const waiting = [...steps]
const failures: { step: Step; output: string }[] = []

async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const started = performance.now()
    const { ok, output, summary } = await run(step)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(22)} ${seconds.padStart(5)} s  ${summary}`.trimEnd())
    if (!ok) failures.push({ step, output })
  }
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
for (const { step, output } of failures) console.log(`\n--- ${step.name} ---\n${output.trim()}`)
process.exitCode = failures.length > 0 ? 1 : 0

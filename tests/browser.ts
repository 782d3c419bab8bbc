import axe from 'axe-core'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { requireChromium } from '#lib/stack/tools.ts'

/** A real browser. Where there is none and none can be installed, tests fail with the command that does: nothing is skipped. */

export type Browser = Readonly<{ context(options?: ContextOptions): Promise<BrowserContext>; close(): Promise<void> }>
export type ContextOptions = Readonly<{ width?: number; height?: number; dark?: boolean }>

/** What keeps a browser from asking anyone but us. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openBrowser(): Promise<Browser> {
  const executablePath = await requireChromium(process.env, (line) => process.stderr.write(`${line}\n`))
  const isRoot = process.getuid?.() === 0
  const browser = await chromium.launch({ executablePath, args: [...quiet, ...(isRoot ? ['--no-sandbox'] : [])], timeout: 60_000 })
  return {
    context: ({ width = 1440, height = 900, dark = false } = {}) =>
      browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' }),
    close: () => browser.close(),
  }
}

/** Everything the page complains of: errors of scripts, of the console, of its security policy. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`)
  })
  return complaints
}

/** What axe-core finds that is serious or critical, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const findings = await page.evaluate(async () => {
    type Found = { id: string; impact: string | null; help: string; nodes: { target: unknown[]; failureSummary?: string }[] }
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Found[] }> } }
    const { violations } = await axe.run()
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      where: nodes.slice(0, 3).map(({ target }) => target.join(' ')),
    }))
  })
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, help, where }) => `${impact} ${id}: ${help} (${where.join('; ')})`)
}

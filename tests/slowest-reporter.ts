import type { Reporter, TestModule } from 'vitest/node'

const shown = 12
const leastSeconds = 1

/** Ends every run with the seconds of the slowest files: the suites have a budget (CONTRIBUTING.md), and these are where to cut. */
export default function createSlowestReporter(): Reporter {
  return {
    onTestRunEnd(modules) {
      const slowest = modules.map((module) => ({ module, seconds: secondsOf(module) })).sort((a, b) => b.seconds - a.seconds)
      const lines = slowest.filter(({ seconds }) => seconds >= leastSeconds).slice(0, shown)
      if (lines.length === 0) return
      const text = lines.map(({ module, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${module.relativeModuleId}\n`)
      process.stdout.write(`\nSlowest files\n${text.join('')}\n`)
    },
  }
}

function secondsOf(module: TestModule): number {
  const { duration, setupDuration, collectDuration } = module.diagnostic()
  return (duration + setupDuration + collectDuration) / 1_000
}

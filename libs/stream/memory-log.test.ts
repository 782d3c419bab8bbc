import { describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { describeLog } from './log-contract.ts'
import { createMemoryLog } from './memory-log.ts'

describeLog('in memory', async () => {
  const log = createMemoryLog({ clock: systemClock })
  return { log, other: log, name: (stem) => stem, close: () => log.close() }
})

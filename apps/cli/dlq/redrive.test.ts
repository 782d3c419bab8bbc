import { systemClock } from '#lib/clock/clock.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { describeRedrive } from './testing/redrive-contract.ts'

describeRedrive('in memory', async () => {
  const log = createMemoryLog({ clock: systemClock })
  let runs = 0
  return { log, prefix: () => `run-${++runs}.`, close: () => log.close() }
})

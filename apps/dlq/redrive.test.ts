import { systemClock } from '#lib/clock/clock.ts'
import { createMemoryLog } from '#lib/stream/memory-log.ts'
import { describeRedrive } from './redrive-contract.ts'

describeRedrive('in memory', async () => {
  const log = createMemoryLog({ clock: systemClock })
  let runs = 0
  return { log, prefix: () => `run-${++runs}.`, close: () => log.close() }
})

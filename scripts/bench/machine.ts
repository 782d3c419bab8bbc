import { cpus, loadavg, totalmem } from 'node:os'

/** The machine in words, as results name it. */
export const machineName = (): string => `${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`

/** Mean of the last minute: what else the machine does. */
export const loadNow = (): string => loadavg()[0]!.toFixed(1)

/** The machine and what it does now, in one line. */
export const machineNow = (): string => `${machineName()}, load ${loadNow()}, Node ${process.versions.node}`

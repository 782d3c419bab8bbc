import { FatalError } from '#lib/errors/errors.ts'

/** What this machine, container or shell leaves a run. Null: unlimited, or nobody knows. */
export type MachineLimits = Readonly<{ openFiles: number | null; availableBytes: number | null }>

/** A dozen sockets, pipes and logs for each of ten apps, and room for their reconnects. */
const leastOpenFiles = 256
/** Ten apps of about 150 MB each, and three servers of 0.9 GB together. */
const usualBytes = 2.4e9

export function machineLimits(): MachineLimits {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } }
  const openFiles = Number(userLimits?.open_files?.soft)
  return { openFiles: Number.isFinite(openFiles) ? openFiles : null, availableBytes: process.availableMemory() }
}

/**
 * Too few descriptors end apps one after the other with errors that name anything but that, so a run does not begin with them. With little
 * memory it does: the sentence returned says what to expect. Null: all is well.
 */
export function checkMachineLimits({ openFiles, availableBytes }: MachineLimits): string | null {
  if (openFiles !== null && openFiles < leastOpenFiles)
    throw new FatalError(
      `Only ${openFiles} files may be open at a time here, and the apps need at least ${leastOpenFiles}: allow more with ulimit -n 4096, then start again.`,
    )
  if (availableBytes === null || availableBytes >= usualBytes) return null
  const megabytes = (bytes: number) => Math.round(bytes / 1e6)
  return (
    `only ${megabytes(availableBytes)} MB of memory are available, and servers and apps usually take ${megabytes(usualBytes)}: ` +
    'what the system ends for want of memory is started again'
  )
}

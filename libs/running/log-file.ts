import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'

/** The log of an app, kept by whoever started it: its output as it comes, in a file that does not grow for ever. */
export interface LogFile {
  readonly path: string
  /** Never throws: what cannot be written (a full disk) is dropped, counted, and the count is written once there is room again. */
  write(chunk: Uint8Array): void
  /** What was written since it was opened: its last lines. */
  tail(count: number): string[]
  close(): void
}

export type LogFileOptions = Readonly<{
  path: string
  /** Beyond this many bytes it becomes `<path>.previous`, and a new one begins. */
  maxBytes?: number
  /** Told when writing begins to fail, with why, and with null when it works again. */
  onTrouble?(problem: Error | null): void
}>

const defaultMaxBytes = 50e6
const tailBytes = 64 * 1024

/** Writing is synchronous: lines are few, and a stream that has failed once has no way back. */
export function openLogFile({ path, maxBytes = defaultMaxBytes, onTrouble = () => {} }: LogFileOptions): LogFile {
  let descriptor: number | null = null
  let begunAt = 0
  let lostBytes = 0
  let isTroubled = false

  const open = (): number => {
    if (descriptor !== null && fstatSync(descriptor).size > maxBytes) {
      closeSync(descriptor)
      descriptor = null
      if (existsSync(path)) renameSync(path, `${path}.previous`)
      begunAt = 0
    }
    descriptor ??= openSync(path, 'a')
    return descriptor
  }
  const attempt = (action: () => void, bytes: number): void => {
    try {
      action()
      if (isTroubled) onTrouble(null)
      isTroubled = false
      lostBytes = 0
    } catch (error) {
      if (!isTroubled) onTrouble(error as Error)
      isTroubled = true
      lostBytes += bytes
    }
  }
  attempt(() => {
    begunAt = fstatSync(open()).size
  }, 0)
  return {
    path,
    write: (chunk) =>
      attempt(() => {
        const file = open()
        if (lostBytes > 0) writeSync(file, `\n(${lostBytes} bytes of this log could not be written)\n`)
        writeSync(file, chunk)
      }, chunk.length),
    tail: (count) => readTail(path, begunAt).slice(-count),
    close() {
      if (descriptor !== null) closeSync(descriptor)
      descriptor = null
    },
  }
}

/** Whole lines from the end of a file, nothing from before `from`. None where there is no file. */
function readTail(path: string, from: number): string[] {
  try {
    const descriptor = openSync(path, 'r')
    try {
      const { size } = fstatSync(descriptor)
      const begin = Math.max(from, size - tailBytes)
      const bytes = Buffer.alloc(Math.max(0, size - begin))
      readSync(descriptor, bytes, 0, bytes.length, begin)
      const text = bytes.toString('utf8').trimEnd()
      const lines = text === '' ? [] : text.split('\n')
      return begin > from ? lines.slice(1) : lines
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return []
  }
}

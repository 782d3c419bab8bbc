/** What a command prints is its answer: an answer that did not arrive is no success. */
export interface Output {
  /** Resolves when all that was written is out: with why it is not, where it is not. */
  flushed(): Promise<Error | null>
}

/** Listens from now on: without a listener the first failed write would end the process with a stack, or in silence. */
export function watchOutput(stream: NodeJS.WritableStream & { destroyed?: boolean }): Output {
  let problem: NodeJS.ErrnoException | null = null
  stream.on('error', (error: NodeJS.ErrnoException) => {
    problem ??= error
  })
  return {
    async flushed() {
      if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()))
      // Errors are told a turn later than the write that met them.
      await new Promise((resolve) => setImmediate(resolve))
      // Whoever reads only the first lines (head) closes the pipe: that is no failure.
      return problem?.code === 'EPIPE' ? null : problem
    },
  }
}

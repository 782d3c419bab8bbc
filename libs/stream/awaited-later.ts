/** For what is awaited later: whoever waits meets the error, and one that comes before anybody waits does not end the process. */
export function awaitedLater<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

type Part = Readonly<{ finished: Promise<void> }>

/** Resolves when all have ended, rejects with the first that fails. */
export const allFinished = (parts: readonly Part[]): Promise<void> =>
  awaitedLater(Promise.all(parts.map(({ finished }) => finished)).then(() => {}))

/** Rejects as soon as a part does, and ends as the runner does: a part that ends in order is stopping, as the runner is then. */
export const untilOneFails = (runner: Part, parts: readonly Part[]): Promise<void> =>
  awaitedLater(Promise.race([runner.finished, ...parts.map((part) => part.finished.then(() => runner.finished))]))

/** For what is awaited later: whoever waits meets the error, and one that comes before anybody waits does not end the process. */
export function awaitedLater<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

/** Resolves when all have ended, rejects with the first that fails. */
export const allFinished = (parts: readonly Readonly<{ finished: Promise<void> }>[]): Promise<void> =>
  awaitedLater(Promise.all(parts.map(({ finished }) => finished)).then(() => {}))

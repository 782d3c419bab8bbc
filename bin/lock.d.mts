/**
 * Waits for the lock and resolves with the function that gives it back.
 * @param name whatever both sides agree on, such as a path
 * @param options.onWait called once if somebody else holds it
 * @param options.timeoutMillis milliseconds after which to give up with an Error; for ever if absent
 */
export function acquireLock(name: string, options?: { onWait?: () => void; timeoutMillis?: number }): Promise<() => Promise<void>>

/** Somebody else has the lock for longer than one would wait. `holder`: its process, where it says so. */
export class LockHeldError extends Error {
  readonly holder: number | null
}

import { systemClock } from '#lib/clock/clock.ts'
import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4, issue #1556 (also #1604, #1704, #1751; fix proposed in #1667, never released): after every response a connection's
 * RequestQueue schedules a look at its pending requests, also when there are none, and then with a negative delay, which is 1 ms: an idle
 * connection turns 700 times a second, about 5% of a core. Beside that each connection looks ten times a second for requests that have
 * timed out, which with six connections to an app and timeouts of 15 s is most of what is left.
 *
 * The patch schedules a look only while requests are pending. Those wait for one of two things: a throttle to pass, which the timer
 * serves, or for fewer requests in flight, where the response that makes room looks at the queue anyway. Timeouts are looked for once a
 * second.
 */

type Request = { sentAt: number; requestTimeout: number; timeoutRequest(): void }
type RequestQueue = {
  pending: unknown[]
  inflight: Map<number, Request>
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  enforceRequestTimeout: boolean
  requestTimeoutIntervalId: NodeJS.Timeout
  isConnected(): boolean
  destroy(): void
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
}

/** As kafkajs's own CHECK_PENDING_REQUESTS_INTERVAL: a throttle that passes just now must not leave a request behind (#1532). */
const leastDelayMillis = 10
const timeoutCheckMillis = 1_000

const { prototype } = kafkajsModule('network/requestQueue') as { prototype: RequestQueue }

prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return
  const delay = Math.max(leastDelayMillis, this.throttledUntil - systemClock.now())
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null
    this.checkPendingRequests()
  }, delay)
}

prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
  if (!this.enforceRequestTimeout) return
  this.destroy()
  this.requestTimeoutIntervalId = setInterval(() => {
    const now = systemClock.now()
    for (const request of this.inflight.values()) if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
    if (!this.isConnected()) this.destroy()
  }, timeoutCheckMillis)
}

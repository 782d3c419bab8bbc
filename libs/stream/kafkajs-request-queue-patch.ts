import { createRequire } from 'node:module'
import { systemClock } from '#lib/clock/clock.ts'

/**
 * kafkajs 2.2.4, issue #1556 (also #1604, #1704, #1751; fix proposed in #1667, never released): after every response a connection's
 * RequestQueue schedules a look at its pending requests, also when there are none, and then with a negative delay, which is 1 ms: an idle
 * connection turns 700 times a second, about 5% of a core.
 *
 * The patch schedules a look only while requests are pending. Those wait for one of two things: a throttle to pass, which the timer
 * serves, or for fewer requests in flight, where the response that makes room looks at the queue anyway.
 */

type RequestQueue = {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

/** As kafkajs's own CHECK_PENDING_REQUESTS_INTERVAL: a throttle that passes just now must not leave a request behind (#1532). */
const leastDelayMillis = 10

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }

prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return
  const delay = Math.max(leastDelayMillis, this.throttledUntil - systemClock.now())
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null
    this.checkPendingRequests()
  }, delay)
}

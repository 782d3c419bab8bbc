/** The dashboard as a process of its own: for benchmarks of its page and API. */

import { systemClock } from '#lib/clock/clock.ts'
import type { AppProcess } from '#lib/running/processes.ts'

/** Where its page is, once it is served. */
export async function pageOf(dashboard: AppProcess): Promise<string> {
  await dashboard.started
  for (;;) {
    const { page } = (await dashboard.health()).conditions
    if (page?.ready) return page.detail
    await systemClock.sleep(100)
  }
}

type Status = Readonly<{ caughtUp: boolean; marketTime: number | null; counts: Readonly<{ scored: number }> }>

/** Until its own account of itself is as wanted. */
export async function untilStatus(url: string, isWanted: (status: Status) => boolean): Promise<void> {
  while (!isWanted((await (await fetch(`${url}/api/status`)).json()) as Status)) await systemClock.sleep(200)
}

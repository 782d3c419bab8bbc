import type { Health } from '#lib/telemetry/health.ts'
import type { PartitionTask } from './partition-task.ts'

export type RunnerConditions = ReturnType<typeof runnerConditions>

/** Readiness of one runner, by input topic: a member of its group, its state restored, its work going on. */
export function runnerConditions(topic: string, health: Health | undefined) {
  const names = { assigned: `assigned ${topic}`, restored: `restored ${topic}`, progress: `progress ${topic}` }
  for (const name of Object.values(names)) health?.expect(name)
  health?.set(names.progress, true)
  return {
    // A member without partitions is ready: it stands by for those who have some.
    assigned: (partitions: number) => health?.set(names.assigned, true, `${partitions} partitions`),
    restored(tasks: readonly PartitionTask[]) {
      const restored = tasks.filter((task) => task.isRestored()).length
      health?.set(names.restored, restored === tasks.length, `${restored} of ${tasks.length} partitions`)
    },
    /** Its own state is the one that it keeps warm. */
    standingBy(warm: number, partitions: number) {
      health?.set(names.restored, partitions > 0 && warm === partitions, `standing by: ${warm} of ${partitions} partitions`)
    },
    progress: (error: Error | null) => health?.set(names.progress, error === null, error?.message ?? 'ok'),
  }
}

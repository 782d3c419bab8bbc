import type { Backend } from '#lib/running/backend.ts'
import type { OpenedArchive } from '#lib/running/open-archive.ts'
import type { Progress } from '#lib/running/progress.ts'
import type { Stack } from '#lib/stack/resolve.ts'
import type { ReplayArguments } from './replay-arguments.ts'

/** What both commands work with: the recording, and where its replay is. */
export type ReplayContext = Readonly<{
  options: ReplayArguments
  recording: OpenedArchive
  /** In front of the replay's topics, with its dot. */
  prefix: string
  stack: Stack
  backend: Backend
  env: Readonly<Record<string, string | undefined>>
  progress: Progress
  signal: AbortSignal
}>

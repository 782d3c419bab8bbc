import { fork } from 'node:child_process'
import type { Conclusion, StepNews } from '#lib/training/pipeline/training-run.ts'
import type { TrainingRun } from '#schemas/types.ts'

export type WorkerMessage = Readonly<{ type: 'step'; news: StepNews } | { type: 'end'; conclusion: Conclusion }>

export type WorkerOptions = Readonly<{
  /** Its lines, for the log of the trainer. */
  onLine(line: string): void
  onStep(news: StepNews): void
  signal: AbortSignal
}>

/**
 * The steps in a process of their own: their memory goes with it, and what they do to the machine stops nobody who beats a heart.
 * It ends by itself when we do. Rejects with its last words where it ends without a conclusion.
 */
export function workInProcess(run: TrainingRun, { onLine, onStep, signal }: WorkerOptions): Promise<Conclusion> {
  const child = fork(new URL('./worker.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const kill = () => void child.kill('SIGKILL')
  let conclusion: Conclusion | null = null
  let lastLine = 'no word'
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    for (const line of chunk.split('\n').filter((text) => text.trim() !== '')) {
      lastLine = line
      onLine(line)
    }
  })
  child.on('message', (message: WorkerMessage) => {
    if (message.type === 'step') onStep(message.news)
    else conclusion = message.conclusion
  })
  signal.addEventListener('abort', kill)
  return new Promise<Conclusion>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, killedBy) => {
      if (conclusion !== null) resolve(conclusion)
      else reject(new Error(`the training ended with ${killedBy ?? `exit code ${code}`}: ${lastLine}`))
    })
    child.send(run)
  }).finally(() => signal.removeEventListener('abort', kill))
}

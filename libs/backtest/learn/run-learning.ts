import type { BacktestArguments } from '../backtest-arguments.ts'
import { withJoinedSales } from '../join-sales.ts'
import type { BacktestContext } from '../run-backtest.ts'
import { playLearning } from './play-learning.ts'
import type { LearningResult } from './result.ts'

/** The loop of learning on sales: no rules are compared, models are. */
export function runLearning(args: BacktestArguments, { backend, progress }: Omit<BacktestContext, 'env'>): Promise<LearningResult> {
  const { input, learn } = args
  if (input.kind !== 'sales' || learn === null) throw new Error('expected sales: the arguments were checked')
  return withJoinedSales(input.files, (salesFile) =>
    playLearning({ ...args, salesFile, source: input.source, full: learn.full, backend, progress }),
  )
}

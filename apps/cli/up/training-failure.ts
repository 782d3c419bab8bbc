import { exitCodes } from '#lib/app/exit-codes.ts'
import { ownFault } from '#lib/cli/explain-error.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { Source } from '#schemas/types.ts'

export type EndedTraining = Readonly<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>

/**
 * What a person is told of a training that ended without a model. It says itself what was wrong: with the sales, such as a market too thin
 * or too dense to learn from, and then here is what helps; or with flipstream, and then it says that, too.
 */
export function trainingFailure({ code, signal, stderr }: EndedTraining, source: Source, prefix: string): FatalError {
  const said = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('training: '))
    .join('\n')
  if (code === null)
    return new FatalError(
      `The training of the first model was ended from outside (${signal}), perhaps for want of memory: close something, then start again.`,
    )
  if (code !== exitCodes.failed || said.includes(ownFault))
    return new FatalError(`The training of the first model failed (exit code ${code}):\n${said}`)
  return new FatalError(`No first model can be made of these sales: ${said}\n${whatHelps(source, prefix)}`)
}

function whatHelps(source: Source, prefix: string): string {
  if (source !== 'live')
    return 'What helps: a file with more sales, over more hours (--sales), or more of it to learn from (--train-until).'
  return [
    'What helps: more of the market. Ask for more days (HISTORY_DAYS), or start again when more was sold; where the list of sales ends before',
    'enough of them, train on a file of the market’s sales that you have from elsewhere, and start again:',
    `PREFIX=${prefix} npx flipstream train --sales FILE.csv --source live --promote`,
  ].join('\n')
}

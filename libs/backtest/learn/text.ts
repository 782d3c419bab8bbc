import type { Interval } from '#lib/numbers/interval.ts'
import { percent } from '#lib/words/format.ts'
import type { ArmDecision } from './arms.ts'
import type { LearningResult } from './result.ts'

const between = (interval: Interval | null, format: (value: number) => string): string =>
  interval === null ? 'too few days' : `${format(interval.low)} to ${format(interval.high)}`

/** For a terminal: the arms below each other, then who decided what, then what it is worth. */
export function formatLearning({ arms, caution, cpuSeconds }: LearningResult): string {
  const rows = arms.map(({ name, loss, medianApe, usdPerDay, lessFrozen }) =>
    [
      name.padEnd(10),
      loss.toFixed(5),
      percent(medianApe, 1).padStart(6),
      `$${usdPerDay.toFixed(0)}`.padStart(7),
      name === 'frozen'
        ? ''
        : `loss ${between(lessFrozen.loss, (value) => value.toFixed(5))}, $ ${between(lessFrozen.usd, (value) => value.toFixed(0))}`,
    ].join('  '),
  )
  const decisions = arms.flatMap(({ decisions }) => decisions).map(lineOf)
  return [
    'arm         loss     error    $/day  less frozen, by day (95%)',
    ...rows,
    '',
    ...(decisions.length === 0 ? ['the learner decided nothing'] : decisions),
    '',
    caution,
    `${(cpuSeconds / 60).toFixed(1)} CPU minutes`,
    '',
  ].join('\n')
}

const lineOf = ({ at, kind, modelId, reason }: ArmDecision): string => `${new Date(at).toISOString()}  ${kind} ${modelId}: ${reason}`

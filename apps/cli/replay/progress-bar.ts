import { count } from '#lib/words/format.ts'

const width = 30

/** `[█████░░░░░] 50%  1,000 of 2,000 records  400/s  3 s left`. `before`: done earlier, and so no measure of the pace. */
export function formatBar({ total, before, done }: Readonly<{ total: number; before: number; done: number }>, seconds: number): string {
  const share = total === 0 ? 1 : Math.min(1, (before + done) / total)
  const filled = Math.round(share * width)
  const rate = seconds > 0 ? done / seconds : 0
  const left = rate > 0 ? `  ${count(Math.ceil(Math.max(0, total - before - done) / rate))} s left` : ''
  const counts = `${count(before + done)} of ${count(total)} records`
  return `[${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${Math.floor(share * 100)}%  ${counts}  ${count(rate)}/s${left}`
}

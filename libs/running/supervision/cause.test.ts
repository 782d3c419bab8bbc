import { expect, test } from 'vitest'
import { causeOfEnd } from './cause.ts'

const line = (level: string, msg: string) => JSON.stringify({ level, time: '2026-01-01T00:00:00.000Z', app: 'scorer', msg })

test('a process that said why it ends is quoted with its last error, not with its stack', () => {
  const lines = [
    line('error', 'an earlier one'),
    line('warn', 'waiting'),
    line('error', 'no broker answers.\n    at async main'),
    line('info', 'bye'),
  ]
  expect(causeOfEnd('exit code 1', lines)).toEqual({ sentence: 'no broker answers (exit code 1)', blame: 'own' })
})

test('wrong configuration is told as it was written, and is no reason to try again', () => {
  const lines = [
    'flipstream notifier cannot start:',
    'DISCORD_TOKEN is not set: the bot',
    'COLUMNS="x": expected number',
    'See flipstream notifier --help',
  ]
  const sentence = 'DISCORD_TOKEN is not set: the bot; COLUMNS="x": expected number'
  expect(causeOfEnd('exit code 2', lines)).toEqual({ sentence, blame: 'usage' })
  expect(causeOfEnd('exit code 2', [])).toEqual({ sentence: 'was started wrongly', blame: 'usage' })
})

test.each([
  ['SIGKILL', [], /killed \(SIGKILL\), by hand or by the system for want of memory/],
  ['SIGSEGV', [], /^was ended by SIGSEGV$/],
  ['exit code 7', [], /^ended by itself \(exit code 7\)$/],
  [
    'SIGABRT',
    ['<--- Last few GCs --->', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    /ran out of memory/,
  ],
  [
    'exit code 1',
    ['node:internal/x:1', 'Error: EMFILE: too many open files', '    at open'],
    /^Error: EMFILE: too many open files \(exit code 1\)$/,
  ],
  ['exit code 1', ['{"level":"error","msg":"cut off'], /^ended by itself \(exit code 1\)$/],
])('%s after %j', (how, lines, sentence) => {
  expect(causeOfEnd(how, lines).sentence).toMatch(sentence)
})

test('a message as long as a page is cut', () => {
  expect(causeOfEnd('exit code 1', [line('error', 'x'.repeat(5_000))]).sentence.length).toBeLessThan(350)
})

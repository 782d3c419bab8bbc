import { describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { run } from './main.ts'

describe('the arguments of flipstream experiments', () => {
  test.each([
    [[], 'flipstream experiments ls'],
    [['list'], 'flipstream experiments ls'],
    [['ls', 'x'], 'does not know what to do with x'],
    [['compare', 'x'], 'name two or more'],
    [['ls', '--all'], "Unknown option '--all'"],
  ])('%j is refused: %s', async (argv, message) => {
    await expect(run(argv, {})).rejects.toThrow(UsageError)
    await expect(run(argv, {})).rejects.toThrow(message)
  })

  test('an address that is none is a usage error with the variable’s name', async () => {
    await expect(run(['ls'], { MLFLOW_TRACKING_URI: 'databricks' })).rejects.toThrow('MLFLOW_TRACKING_URI="databricks"')
  })
})

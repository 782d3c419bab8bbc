import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { startTensorRuntime } from './tfjs-runtime.ts'

const product = () => Array.from(tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()))

const nativeReason = async (): Promise<string | null> => {
  const { passedOver } = await startTensorRuntime('auto')
  return passedOver.find(({ backend }) => backend === 'tensorflow')?.reason ?? null
}

describe('the tfjs runtime', () => {
  // The first here: only the very start of a backend can be overtaken.
  test('apps that start at once in one process are all on the backend they asked for', async () => {
    const runtimes = await Promise.all(['wasm', 'auto', 'wasm'].map((choice) => startTensorRuntime(choice as 'wasm' | 'auto')))
    for (const { passedOver } of runtimes) expect(passedOver.map(({ backend }) => backend)).not.toContain('wasm')
    expect(product()).toEqual([11])
  })

  test('runs on WebAssembly and says so', async () => {
    const runtime = await startTensorRuntime('wasm')
    expect(runtime).toEqual({ backend: 'wasm', version: '4.22.0', passedOver: [] })
    expect(tf.getBackend()).toBe('wasm')
    expect(product()).toEqual([11])
  })

  test('runs on plain JavaScript, quietly', async () => {
    expect(await startTensorRuntime('cpu')).toMatchObject({ backend: 'cpu' })
    expect(product()).toEqual([11])
  })

  test('auto takes the first backend that works and says why it passed over the others', async () => {
    const { backend, passedOver } = await startTensorRuntime('auto')
    expect(backend).toBe(passedOver.length === 0 ? 'tensorflow' : 'wasm')
    for (const { reason } of passedOver) expect(reason).not.toBe('')
  })

  test('a backend asked for by name that does not work is an error that says what to do, not a silent other one', async () => {
    const reason = await nativeReason()
    const started = startTensorRuntime('tensorflow')
    if (reason === null) await expect(started).resolves.toMatchObject({ backend: 'tensorflow' })
    else {
      await expect(started).rejects.toThrow(FatalError)
      await expect(started).rejects.toThrow('TF_BACKEND=auto')
    }
  })
})

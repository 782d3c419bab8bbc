import { constants, setPriority } from 'node:os'
import { type AppContext, defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { openLearner } from '#lib/learning/open-learner.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { settings } from './config.ts'

export const app = defineApp({
  name: 'learner',
  summary: 'compares the champion with a challenger and with the one before; promotes and rolls back by what sold',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, logger, store, clock } = context
    if (config.PRIORITY === 'low') setPriority(constants.priority.PRIORITY_LOW)
    const { backend } = await startTensorRuntime(config.TF_BACKEND)
    const { processor, prepare } = openLearner({
      ...{ store, clock, backend, codeVersion: config.CODE_VERSION, capacity: config.MODELS_IN_MEMORY },
      onRefused: ({ code, message }) => logger.error({ code }, message),
    })
    return startStage(context, {
      name: 'learner',
      input: 'market.events',
      outputs: ['market.events', 'listings.shadow'],
      processor,
      prepare: (inputs) => prepare(inputs.map(({ value }) => value)),
    })
  },
})

import { join } from 'node:path'
import type { Config } from '#lib/app/config.ts'
import { defineConfig, optionalText, text } from '#lib/app/config.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { createFolderTracker } from './folder-tracker.ts'
import { createMlflowTracker, type MlflowOptions } from './mlflow-tracker.ts'
import type { Tracker } from './tracker.ts'

/** The names that MLflow's own clients use. */
export const trackingSettings = defineConfig({
  MLFLOW_TRACKING_URI: {
    schema: optionalText().refine((uri) => uri === null || /^https?:\/\//.test(uri), 'expected an http or https address'),
    default: '',
    description: 'MLflow server that trainings are written down on; empty: the folder .flipstream/experiments.',
  },
  MLFLOW_EXPERIMENT_NAME: { schema: text(), default: 'flipstream', description: 'Experiment that they belong to there.' },
  MLFLOW_TRACKING_USERNAME: { schema: optionalText(), default: '', description: 'Of basic authentication.' },
  MLFLOW_TRACKING_PASSWORD: { schema: optionalText(), default: '', description: 'Of basic authentication.', secret: true },
  MLFLOW_TRACKING_TOKEN: { schema: optionalText(), default: '', description: 'Bearer token; goes before user and password.', secret: true },
})

export function openTracker(config: Config<typeof trackingSettings>): Tracker {
  const { MLFLOW_TRACKING_URI: uri, MLFLOW_EXPERIMENT_NAME: experiment } = config
  if (uri === null) return createFolderTracker({ directory: join(checkoutRoot, '.flipstream', 'experiments') })
  const onPassedOver = (runs: number) =>
    void process.stderr.write(`experiment ${experiment} at ${uri}: ${runs} runs that others wrote cannot be read, and are passed over\n`)
  return createMlflowTracker({ uri, experiment, credentials: credentialsOf(config), onPassedOver })
}

function credentialsOf(config: Config<typeof trackingSettings>): MlflowOptions['credentials'] {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: username, MLFLOW_TRACKING_PASSWORD: password } = config
  if (token !== null) return { token }
  return username === null ? null : { username, password: password ?? '' }
}

type Environment = Readonly<Record<string, string | undefined>>
export type Command = Readonly<{ summary: string; run(argv: readonly string[], env: Environment): Promise<number> }>

/** Every word of the command line: what --help says of it, and where it is. Loaded only when it is run. */
export const commands: Readonly<Record<string, Command>> = {
  up: {
    summary: 'the whole pipeline on a simulated market (npm start)',
    run: async (argv, env) => (await import('./up/main.ts')).run(argv, env),
  },
  watch: {
    summary: 'alerts and health of what runs, live in this terminal',
    run: async (argv, env) => (await import('./watch/main.ts')).run(argv, env),
  },
  doctor: {
    summary: 'what is here, what is missing, and the fix',
    run: async (argv, env) => (await import('./doctor/main.ts')).run(argv, env),
  },
  train: { summary: 'trains a model on a sales file', run: async (argv, env) => (await import('./train/main.ts')).run(argv, env) },
  evaluate: {
    summary: 'how well models forecast later sales',
    run: async (argv, env) => (await import('./evaluate/main.ts')).run(argv, env),
  },
  validate: {
    summary: 'says whether a model may learn from these sales',
    run: async (argv, env) => (await import('./validate/main.ts')).run(argv, env),
  },
  models: {
    summary: 'which models there are, and which one prices: ls, show, promote, rollback',
    run: async (argv, env) => (await import('./models/main.ts')).run(argv, env),
  },
  backtest: {
    summary: 'what the alerts would have earned on recorded sales, day after day',
    run: async (argv, env) => (await import('./backtest/main.ts')).run(argv, env),
  },
  rules: {
    summary: 'rules in your own words: check, publish, fields',
    run: async (argv, env) => (await import('./rules/main.ts')).run(argv, env),
  },
  why: {
    summary: 'why a listing was alerted or not: every rule and guard with its number and its limit',
    run: async (argv, env) => (await import('./why/main.ts')).run(argv, env),
  },
  controls: {
    summary: 'what the notifier may say: pause, resume, mute, unmute, kill, revive, ls',
    run: async (argv, env) => (await import('./controls/main.ts')).run(argv, env),
  },
  experiments: {
    summary: 'the trainings that were written down: ls, compare',
    run: async (argv, env) => (await import('./experiments/main.ts')).run(argv, env),
  },
  sample: { summary: 'writes synthetic sales as CSV', run: async (argv) => (await import('./sample/main.ts')).run(argv) },
  simulator: {
    summary: 'serves a simulated marketplace',
    run: async (argv, env) => (await import('#app/simulator/main.ts')).run(argv, env),
  },
  archive: {
    summary: 'what is kept for ever: ls, cat, verify, backfill',
    run: async (argv, env) => (await import('./archive/main.ts')).run(argv, env),
  },
  topics: {
    summary: 'what the apps need of Kafka: create, check',
    run: async (argv, env) => (await import('./topics/main.ts')).run(argv, env),
  },
  dlq: {
    summary: 'dead letters: ls, show, redrive',
    run: async (argv, env) => (await import('./dlq/main.ts')).run(argv, env),
  },
  replay: {
    summary: 'a recorded market once more, and verify: the same to the byte',
    run: async (argv, env) => (await import('./replay/main.ts')).run(argv, env),
  },
  runs: {
    summary: 'what earlier starts left behind: ls, rm',
    // Trainings are runs to those who come from MLflow: `ls` lists markets, but only trainings can be compared.
    run: async (argv, env) =>
      (argv[0] === 'compare' ? await import('./experiments/main.ts') : await import('./runs/main.ts')).run(argv, env),
  },
}

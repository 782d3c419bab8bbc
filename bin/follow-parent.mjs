/**
 * Preloaded into the process that launch.mjs starts. When the launcher dies without a word (SIGKILL), this process would live on
 * unseen; the channel between the two closes then, and we stop as if asked to.
 */
if (process.env.FLIPSTREAM_LAUNCHER_PID === String(process.ppid) && process.channel !== undefined) {
  // Not inherited: processes that this one forks have channels of their own, which are none of our business.
  delete process.env.FLIPSTREAM_LAUNCHER_PID
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

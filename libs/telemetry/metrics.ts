import { readdirSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * Counts, levels and latencies of one process, as Prometheus text and as one object.
 * Names are in full words with their unit at the end, without prefix: `flipstream_` is added.
 *
 * What is exported must not mislead whoever reads it:
 *   - A counter that may be alerted on is there at 0 before anything happened (`known`): one that is born at 5 has no increase.
 *   - A level is absent until it is set, and again once it is forgotten: 0 and "nobody knows" are different answers.
 *   - Latencies are histograms: quantiles over a process's life would hide the last five minutes behind the last five days.
 */
export interface Metrics {
  /** `known`: label sets that exist from the start, at 0. Without labels a counter always does. */
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    known?: readonly Readonly<Record<Label, string>>[],
  ): Count<Label>
  gauge<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Level<Label>
  /** A level that is read when somebody asks for it. */
  reading(name: string, help: string, read: () => number): void
  /**
   * Durations, as a classic histogram `<name>_seconds`. In the snapshot, quantiles over the life of the process, exact to 0.1%.
   * `objectiveMillis`: those that took longer are counted in `<name>_missed_total`, for an objective that is watched over time.
   */
  latency(name: string, help: string, options?: Readonly<{ objectiveMillis: number }>): Latency
  prometheus(): Promise<string>
  snapshot(): Promise<MetricsSnapshot>
}

export type Count<Label extends string> = (count?: number, labels?: Readonly<Record<Label, string>>) => void
/** `forget` ends a series: what it was about is no longer this process's business. */
export type Level<Label extends string> = ((value: number, labels?: Readonly<Record<Label, string>>) => void) &
  Readonly<{ forget(labels?: Readonly<Record<Label, string>>): void }>
export type Latency = Readonly<{ record(millis: number): void; quantiles(): Quantiles }>

/** Milliseconds. All zero while n is 0. */
export type Quantiles = Readonly<{ n: number; p50: number; p90: number; p99: number; max: number }>

export type MetricsSnapshot = Readonly<{
  /** `name{label=value}` to value. */
  values: Readonly<Record<string, number>>
  latencies: Readonly<Record<string, Quantiles>>
  rssBytes: number
  cpuSeconds: number
}>

/** In every series. `run`: which of several runs of one app on one cluster, where a prefix tells them apart. */
export type MetricsLabels = Readonly<{ run?: string }>

/** `prefix`: of the run's topics, with its dot. Production has none, and no such label. */
export const labelsOfRun = (prefix: string): MetricsLabels => (prefix === '' ? {} : { run: prefix.replace(/\.$/, '') })

const microsPerMilli = 1_000
/** From a hop of a millisecond to a stage that stands still for minutes; 1 s is the objective of alerts. */
const bucketSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

export function createMetrics(app: string, labels: MetricsLabels = {}): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ app, ...labels })
  const common = new Set(['app', ...Object.keys(labels)])
  const latencies = new Map<string, Latency>()
  exportProcess(registry)

  return {
    counter(name, help, labelNames = [], known = []) {
      const counter = new Counter({ name: `flipstream_${name}`, help, labelNames: [...labelNames], registers: [registry] })
      for (const values of known) counter.inc(values, 0)
      return (count = 1, values) => (values === undefined ? counter.inc(count) : counter.inc(values, count))
    },
    gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
      const gauge: Gauge = new Gauge({ name: `flipstream_${name}`, help, labelNames: [...labelNames], registers: [registry] })
      // prom-client begins a gauge without labels at 0: nobody has said so.
      gauge.remove({})
      return Object.assign((value: number, values?: Readonly<Record<Label, string>>) => gauge.set(values ?? {}, value), {
        forget: (values?: Readonly<Record<Label, string>>) => gauge.remove(values ?? {}),
      })
    },
    reading: (name, help, read) => exportReading(registry, `flipstream_${name}`, help, read),
    latency(name, help, options) {
      const measured = createLatency()
      const histogram = new Histogram({ name: `flipstream_${name}_seconds`, help, buckets: bucketSeconds, registers: [registry] })
      const missed = options && objective(registry, name, options.objectiveMillis)
      const latency: Latency = {
        quantiles: measured.quantiles,
        record(millis) {
          measured.record(millis)
          histogram.observe(Math.max(0, millis) / 1_000)
          missed?.(millis)
        },
      }
      latencies.set(name, latency)
      return latency
    },
    prometheus: () => registry.metrics(),
    async snapshot() {
      const families = (await registry.getMetricsAsJSON()).filter(({ name }) => !(registry.getSingleMetric(name) instanceof Histogram))
      const values = Object.fromEntries(
        families.flatMap(({ name, values }) => values.map(({ value, labels }) => [seriesName(name, labels, common), value])),
      )
      return {
        values,
        latencies: Object.fromEntries([...latencies].map(([name, latency]) => [name, latency.quantiles()])),
        rssBytes: process.memoryUsage.rss(),
        cpuSeconds: cpuSeconds(),
      }
    },
  }
}

const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6

/** What Prometheus' own clients export of their process, by the same names. */
function exportProcess(registry: Registry): void {
  exportReading(registry, 'process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  exportReading(registry, 'process_open_fds', 'Open file descriptors.', openDescriptors)
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time used since the start.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(cpuSeconds())
    },
  })
}

const exportReading = (registry: Registry, name: string, help: string, read: () => number) =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read()
      if (Number.isFinite(value)) this.set(value)
      else this.remove({})
    },
  })

/** Known on Linux alone. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return Number.NaN
  }
}

function objective(registry: Registry, name: string, objectiveMillis: number): (millis: number) => void {
  const missed = new Counter({
    name: `flipstream_${name}_missed_total`,
    help: `How many ${name} took longer than ${objectiveMillis} ms.`,
    registers: [registry],
  })
  return (millis) => {
    if (millis > objectiveMillis) missed.inc()
  }
}

function createLatency(): Latency {
  const histogram = createHistogram({ figures: 3 })
  const millis = (percentile: number) => histogram.percentile(percentile) / microsPerMilli
  return {
    // The histogram takes whole numbers from 1 up: a clock that stepped back counts as no time at all.
    record: (duration) => histogram.record(Math.max(1, Math.round(duration * microsPerMilli))),
    quantiles: () =>
      histogram.count === 0
        ? { n: 0, p50: 0, p90: 0, p99: 0, max: 0 }
        : { n: histogram.count, p50: millis(50), p90: millis(90), p99: millis(99), max: histogram.max / microsPerMilli },
  }
}

function seriesName(name: string, labels: Partial<Record<string, string | number>>, common: ReadonlySet<string>): string {
  const own = Object.entries(labels).filter(([label]) => !common.has(label))
  const short = name.replace(/^flipstream_/, '')
  return own.length === 0 ? short : `${short}{${own.map(([label, value]) => `${label}=${value}`).join(',')}}`
}

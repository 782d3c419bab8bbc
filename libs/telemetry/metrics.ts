import { createHistogram } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'

/**
 * Counts, levels and latencies of one process, as Prometheus text and as one object.
 * Names are in full words with their unit at the end, without prefix: `flipstream_` is added.
 */
export interface Metrics {
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ): (count?: number, labels?: Record<Label, string>) => void
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ): (value: number, labels?: Record<Label, string>) => void
  /**
   * Durations, kept in a high dynamic range histogram: quantiles are exact to 0.1%, over the whole life of the process.
   * `objectiveMillis`: those that took longer are counted in `<name>_missed_total`, for an objective that is watched over time.
   */
  latency(name: string, help: string, options?: Readonly<{ objectiveMillis: number }>): Latency
  prometheus(): Promise<string>
  snapshot(): Promise<MetricsSnapshot>
}

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

const microsPerMilli = 1_000

export function createMetrics(app: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ app })
  const latencies = new Map<string, Latency>()
  const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6
  const processGauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  processGauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  processGauge('process_cpu_seconds', 'Processor time used since the start.', cpuSeconds)

  return {
    counter(name, help, labels = []) {
      const counter = new Counter({ name: `flipstream_${name}`, help, labelNames: [...labels], registers: [registry] })
      return (count = 1, values) => (values === undefined ? counter.inc(count) : counter.inc(values, count))
    },
    gauge(name, help, labels = []) {
      const gauge = new Gauge({ name: `flipstream_${name}`, help, labelNames: [...labels], registers: [registry] })
      return (value, values) => (values === undefined ? gauge.set(value) : gauge.set(values, value))
    },
    latency(name, help, options) {
      const measured = createLatency()
      const latency = options === undefined ? measured : withObjective(measured, name, options.objectiveMillis, registry)
      latencies.set(name, latency)
      const gauge: Gauge<'quantile'> = new Gauge({
        name: `flipstream_${name}_seconds`,
        help,
        labelNames: ['quantile'],
        registers: [registry],
        collect() {
          const { p50, p90, p99, max } = latency.quantiles()
          for (const [quantile, millis] of Object.entries({ '0.5': p50, '0.9': p90, '0.99': p99, '1': max }))
            gauge.set({ quantile }, millis / 1_000)
        },
      })
      new Gauge({
        name: `flipstream_${name}_count`,
        help: `How many ${name} were measured.`,
        registers: [registry],
        collect() {
          this.set(latency.quantiles().n)
        },
      })
      return latency
    },
    prometheus: () => registry.metrics(),
    async snapshot() {
      const families = await registry.getMetricsAsJSON()
      const values = Object.fromEntries(
        families.flatMap(({ name, values }) => values.map(({ value, labels }) => [seriesName(name, labels), value])),
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

function withObjective(latency: Latency, name: string, objectiveMillis: number, registry: Registry): Latency {
  const missed = new Counter({
    name: `flipstream_${name}_missed_total`,
    help: `How many ${name} took longer than ${objectiveMillis} ms.`,
    registers: [registry],
  })
  return {
    ...latency,
    record(millis) {
      latency.record(millis)
      if (millis > objectiveMillis) missed.inc()
    },
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

function seriesName(name: string, labels: Partial<Record<string, string | number>>): string {
  const own = Object.entries(labels).filter(([label]) => label !== 'app')
  const short = name.replace(/^flipstream_/, '')
  return own.length === 0 ? short : `${short}{${own.map(([label, value]) => `${label}=${value}`).join(',')}}`
}

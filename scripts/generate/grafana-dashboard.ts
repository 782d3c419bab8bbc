/** The Grafana dashboard, as a table of rows, panels and queries over our own metrics. Rows are what the rules' annotations link to. */
type Panel = Readonly<{ title: string; unit: string; queries: Readonly<Record<string, string>> }>

const quantile = (share: number, name: string, by: string) =>
  `histogram_quantile(${share}, sum by (le, ${by}) (rate(flipstream_${name}_seconds_bucket[5m])))`
const latency = (name: string, by: string) => ({
  [`{{${by}}} p50`]: quantile(0.5, name, by),
  [`{{${by}}} p99`]: quantile(0.99, name, by),
})

const rows: Readonly<Record<string, readonly Panel[]>> = {
  Objective: [
    {
      title: 'Alerts within 1 s of the listing (objective 99%)',
      unit: 'percentunit',
      queries: {
        'last hour':
          '1 - sum(rate(flipstream_listing_to_alert_missed_total[1h])) / sum(rate(flipstream_listing_to_alert_seconds_count[1h]))',
        '30 days':
          '1 - sum(increase(flipstream_listing_to_alert_missed_total[30d])) / sum(increase(flipstream_listing_to_alert_seconds_count[30d]))',
      },
    },
    { title: 'Listing to alert', unit: 's', queries: latency('listing_to_alert', 'app') },
    {
      title: 'Alerts by outcome',
      unit: 'short',
      queries: { '{{outcome}}': 'sum by (outcome) (increase(flipstream_notifications_total[10m]))' },
    },
    { title: 'Listing to commit, by app', unit: 's', queries: latency('collected_to_committed', 'app') },
  ],
  Collecting: [
    {
      title: 'Events written a minute',
      unit: 'short',
      queries: { '{{kind}} {{origin}}': 'sum by (kind, origin) (rate(flipstream_events_total[5m])) * 60' },
    },
    {
      title: 'Since the newest listings were seen',
      unit: 's',
      queries: { age: 'time() - max(flipstream_last_successful_poll_timestamp_seconds)' },
    },
    {
      title: 'Requests to the marketplace, by result',
      unit: 'reqps',
      queries: { '{{result}}': 'sum by (result) (rate(flipstream_marketplace_requests_total[5m]))' },
    },
    { title: 'A request', unit: 's', queries: latency('marketplace_request', 'app') },
    { title: 'Quota left', unit: 'short', queries: { quota: 'min(flipstream_marketplace_quota_remaining)' } },
  ],
  Lag: [
    { title: 'Lag in seconds', unit: 's', queries: { '{{app}} {{topic}}': 'max by (app, topic) (flipstream_lag_seconds)' } },
    { title: 'Lag in records', unit: 'short', queries: { '{{app}} {{topic}}': 'sum by (app, topic) (flipstream_lag_records)' } },
    {
      title: 'Records done a second, by result',
      unit: 'short',
      queries: { '{{app}} {{result}}': 'sum by (app, result) (rate(flipstream_records_total[1m]))' },
    },
    { title: 'A transaction', unit: 's', queries: latency('transaction', 'app') },
    { title: 'A batch', unit: 's', queries: latency('batch', 'app') },
  ],
  'Dead letters': [
    {
      title: 'Dead letters, by app and code',
      unit: 'short',
      queries: { '{{app}} {{code}}': 'sum by (app, code) (increase(flipstream_dead_letters_total[10m]))' },
    },
    {
      title: 'Skipped, by reason',
      unit: 'short',
      queries: { '{{app}} {{detail}}': 'sum by (app, detail) (increase(flipstream_records_total{result="skipped"}[10m]))' },
    },
  ],
  Model: [
    {
      title: 'Age of the newest sale the model learnt from',
      unit: 's',
      queries: { age: 'time() - max(flipstream_model_trained_until_seconds)' },
    },
    {
      title: 'Forecasts of listings that sold (newest 2,000)',
      unit: 'percentunit',
      queries: {
        'median error': 'max(flipstream_forecast_median_error_ratio)',
        'within the 90% interval': 'min(flipstream_forecast_coverage90_ratio)',
      },
    },
    { title: 'Forecasts judged', unit: 'short', queries: { sales: 'max(flipstream_forecasts_judged)' } },
    {
      title: 'Since a nightly training last ended well',
      unit: 's',
      queries: { '{{cronjob}}': 'time() - max by (cronjob) (kube_cronjob_status_last_successful_time{cronjob="train"})' },
    },
    { title: 'Backend in use', unit: 'short', queries: { '{{backend}}': 'sum by (backend) (flipstream_model_backend)' } },
    { title: 'Outcomes written', unit: 'short', queries: { outcomes: 'sum(increase(flipstream_outcomes_published_total[1h]))' } },
  ],
  Archive: [
    { title: 'Records archived a second', unit: 'short', queries: { records: 'sum(rate(flipstream_archived_records_total[5m]))' } },
    { title: 'Bytes archived a second', unit: 'Bps', queries: { bytes: 'sum(rate(flipstream_archived_bytes_total[5m]))' } },
    { title: 'Objects', unit: 'short', queries: { objects: 'sum(increase(flipstream_archived_objects_total[1h]))' } },
    {
      title: 'Oldest record that waits to be durable',
      unit: 's',
      queries: { '{{topic}}': 'max by (topic) (flipstream_uncommitted_seconds{app="archiver"})' },
    },
    { title: 'Offsets lost', unit: 'short', queries: { offsets: 'sum(increase(flipstream_archive_gap_offsets_total[24h]))' } },
  ],
  Groups: [
    {
      title: 'Partitions taken over',
      unit: 'short',
      queries: { '{{app}} by {{by}}': 'sum by (app, by) (increase(flipstream_fenced_total[10m]))' },
    },
    { title: 'Last restore of state', unit: 's', queries: { '{{app}}': 'max by (app) (flipstream_restore_seconds)' } },
    { title: 'Standby behind its group', unit: 'short', queries: { '{{app}}': 'max by (app) (flipstream_standby_lag_records)' } },
    {
      title: 'Waits because something was unwell',
      unit: 'short',
      queries: { '{{app}}': 'sum by (app) (increase(flipstream_backoffs_total[10m]))' },
    },
    { title: 'Ready', unit: 'short', queries: { '{{app}}': 'max by (app) (flipstream_ready)' } },
    { title: 'Code in use', unit: 'short', queries: { '{{app}} {{version}}': 'count by (app, version) (flipstream_build_info)' } },
    { title: 'File descriptors', unit: 'short', queries: { '{{app}}': 'max by (app) (process_open_fds)' } },
    { title: 'Memory', unit: 'bytes', queries: { '{{app}}': 'max by (app) (process_resident_memory_bytes)' } },
    { title: 'Processor', unit: 'short', queries: { '{{app}}': 'sum by (app) (rate(process_cpu_seconds_total[5m]))' } },
  ],
  Kafka: [
    {
      title: 'Partitions that lack something',
      unit: 'short',
      queries: {
        'no leader': 'max(kafka_controller_kafkacontroller_offlinepartitionscount)',
        'too few copies for a write': 'sum(kafka_server_replicamanager_underminisrpartitioncount)',
        'a copy out of step': 'sum(kafka_server_replicamanager_underreplicatedpartitions)',
      },
    },
    {
      title: 'Active controllers',
      unit: 'short',
      queries: { controllers: 'sum(kafka_controller_kafkacontroller_activecontrollercount)' },
    },
    {
      title: 'Brokers’ disks, free',
      unit: 'percentunit',
      queries: {
        '{{persistentvolumeclaim}}':
          'kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"data.*-kafka-broker-.*"} / kubelet_volume_stats_capacity_bytes{persistentvolumeclaim=~"data.*-kafka-broker-.*"}',
      },
    },
    {
      title: 'Certificates expire in',
      unit: 's',
      queries: { '{{cluster}} {{type}}': 'strimzi_certificate_expiration_timestamp_ms / 1000 - time()' },
    },
  ],
}

const width = 8
const height = 8
const columns = 24 / width

/** In Grafana's JSON. Ids and places follow from the table, so that a change of it is the only change of the file. */
export function grafanaDashboard(): object {
  const panels: object[] = []
  let top = 0
  for (const [row, inRow] of Object.entries(rows)) {
    panels.push({ id: panels.length + 1, type: 'row', title: row, collapsed: false, gridPos: { x: 0, y: top, w: 24, h: 1 }, panels: [] })
    for (const [index, panel] of inRow.entries()) {
      const gridPos = { x: (index % columns) * width, y: top + 1 + Math.floor(index / columns) * height, w: width, h: height }
      panels.push({ id: panels.length + 1, ...timeSeries(panel), gridPos })
    }
    top += 1 + Math.ceil(inRow.length / columns) * height
  }
  return {
    uid: 'flipstream',
    title: 'flipstream',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
    panels,
  }
}

const timeSeries = ({ title, unit, queries }: Panel) => ({
  type: 'timeseries',
  title,
  datasource: { type: 'prometheus', uid: '$datasource' },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  targets: Object.entries(queries).map(([legendFormat, expr], index) => ({ refId: String.fromCharCode(65 + index), expr, legendFormat })),
})

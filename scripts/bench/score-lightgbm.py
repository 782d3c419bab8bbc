"""LightGBM for bench-score.ts, on the same rows: trains on the first `fit` rows, forecasts the others, then is timed row by row.
usage: bench-score-lightgbm.py DIRECTORY   (vectors.f32, targets.f64, task.json as bench-score.ts writes them); prints one JSON object"""
import json, os, sys, time
import lightgbm as lgb, numpy as np

directory = sys.argv[1]
task = json.load(open(f'{directory}/task.json'))
vectors = np.fromfile(f'{directory}/vectors.f32', '<f4').reshape(-1, task['width']).astype(float)
targets = np.fromfile(f'{directory}/targets.f64', '<f8')
fit = task['fit']
settings = dict(objective='l1', learning_rate=task['learningRate'], num_leaves=task['leaves'], min_data_in_leaf=task['fewestRowsInLeaf'],
                feature_fraction=task['columnShare'], cat_smooth=20, num_threads=1, verbose=-1)


def train(seed):
    wall, cpu = time.perf_counter(), time.process_time()
    rows = lgb.Dataset(vectors[:fit], targets[:fit], categorical_feature=task['categories'], params=dict(num_threads=1, verbose=-1))
    model = lgb.train(dict(settings, seed=seed), rows, task['rounds'])
    spent = dict(wallSeconds=time.perf_counter() - wall, cpuSeconds=time.process_time() - cpu)
    ape = np.abs(np.exp(model.predict(vectors[fit:], num_threads=1) - targets[fit:]) - 1)
    return model, dict(spent, medianApe=float(np.median(ape)))


def speed(model, batch):
    last = len(vectors) - fit - batch
    call = lambda i: model.predict(vectors[fit + i * batch % last:][:batch], num_threads=1)
    for i in range(50):
        call(i)
    times, cpu, stop, i = [], time.process_time(), time.perf_counter() + task['seconds'], 0
    while time.perf_counter() < stop:
        started = time.perf_counter(); call(i); times.append(time.perf_counter() - started); i += 1
    cpu = time.process_time() - cpu
    p50, p99 = np.quantile(times, [.5, .99]) * 1000
    return dict(batch=batch, calls=len(times), p50Millis=float(p50), p99Millis=float(p99), rowsPerCpuSecond=float(len(times) * batch / cpu))


if task['seed'] is None:
    model, _ = train(1)
    print(json.dumps([speed(model, batch) for batch in task['batches']]))
else:
    print(json.dumps(train(task['seed'])[1]))

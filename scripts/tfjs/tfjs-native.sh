#!/usr/bin/env bash
# npm run tfjs:native (opt in, after every npm ci): native TensorFlow for tfjs, where tfjs-node's own download is refused or unwanted.
# libtensorflow comes out of the Python wheel tensorflow-cpu, the addon is compiled here; nothing needs Python at run time.
#
# For scoring WebAssembly is the faster one (one row 0.05 ms against 0.3 ms, a third of the memory): native TensorFlow is for those who
# want it. Set TF_NUM_INTRAOP_THREADS=1 with it: threads cost more than they bring at these sizes.
#
# Needs Linux x64 with glibc >= 2.17, a CPU with AVX, g++ (C++17), python3 with pip. About 200 MB to download, 450 MB installed.
#   TF_WHEEL=FILE.whl  use this wheel instead of downloading it     FORCE=1  build again
set -euo pipefail
cd "$(dirname "$0")/../.."

tfjs_version=$(command node -p 'require("./package.json").peerDependencies["@tensorflow/tfjs-node"]')
# The first wheel whose C API stands in a library of its own is 2.12.1; this one is known to work with tfjs-node.
tensorflow_version=2.13.1
tensorflow_sha256=87be6e61314b2c0fa062f71e26e41d6a17e162ffe4da72c820fe8f1fc94d97fe
node_api_headers_version=1.9.0

say() { echo "tfjs:native: $*" >&2; }
die() { say "$*"; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "expected Linux on x86_64, found $(uname -sm): use TF_BACKEND=wasm"
for tool in npm g++ python3 tar; do command -v "$tool" >/dev/null || die "$tool not found: install it"; done
grep -qw avx /proc/cpuinfo || die "this CPU has no AVX, without which libtensorflow dies: use TF_BACKEND=wasm"

node() { command node bin/node.mjs "$@"; }

prove() {
  TF_CPP_MIN_LOG_LEVEL=2 node scripts/tfjs/prove-tfjs-native.ts
}
if [ "${FORCE:-0}" != 1 ] && prove 2>/dev/null; then say 'already installed'; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=node_modules/@tensorflow/tfjs-node
if [ ! -f "$package/package.json" ]; then
  say "npm: @tensorflow/tfjs-node@$tfjs_version, without its install script"
  # --save-prod: as an optional peer, which package.json calls it, npm 11 finds it "up to date" and installs nothing.
  npm install --no-save --save-prod --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-node@$tfjs_version" >&2
fi

if [ -n "${TF_WHEEL:-}" ]; then
  wheel=$TF_WHEEL
  echo "$tensorflow_sha256  $wheel" | sha256sum -c --quiet - || die "TF_WHEEL: expected tensorflow-cpu $tensorflow_version for cp311 on manylinux_2_17_x86_64"
else
  say "pip: the wheel of tensorflow-cpu $tensorflow_version (187 MB)"
  echo "tensorflow-cpu==$tensorflow_version --hash=sha256:$tensorflow_sha256" > "$work/requirements.txt"
  python3 -m pip download -q --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --implementation cp --python-version 3.11 --abi cp311 --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 \
    -d "$work" -r "$work/requirements.txt" >&2
  wheel=$(echo "$work"/tensorflow_cpu-*.whl)
fi

say 'two libraries and the headers of the C API, out of the wheel'
python3 - "$wheel" "$work/deps" <<'PY'
import os, re, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
header = re.compile(r'tensorflow/(include/(?:tensorflow|tsl|xla)/(?:.*/)?(?:c/.*|ctstring(?:_internal)?)\.h)$')
library = re.compile(r'tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)$')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        h, l = header.match(name), library.match(name)
        if not (h or l):
            continue
        out = os.path.join(deps, h[1] if h else 'lib/' + l[1])
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with archive.open(name) as source, open(out, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
PY
[ -f "$work/deps/lib/libtensorflow_cc.so.2" ] && [ -f "$work/deps/include/tensorflow/c/eager/c_api.h" ] || die 'the wheel is laid out otherwise than expected'
strip --strip-unneeded "$work"/deps/lib/*.so.2
# The names that tfjs-node's own scripts look for, so that a later npm rebuild downloads nothing.
ln -s libtensorflow_cc.so.2 "$work/deps/lib/libtensorflow.so"
ln -s libtensorflow_cc.so.2 "$work/deps/lib/libtensorflow.so.2.9.1"
ln -s libtensorflow_framework.so.2 "$work/deps/lib/libtensorflow_framework.so"
rm -rf "$package/deps"
mv "$work/deps" "$package/deps"

# Node-API is stable, so the addon is compiled by g++ alone: neither node-gyp nor the headers of this very Node are needed.
headers=$(npm pack --silent --pack-destination "$work" "node-api-headers@$node_api_headers_version")
tar xzf "$work/$headers" -C "$work"
addon=$(cd "$package" && command node -p 'require("@mapbox/node-pre-gyp").find(require("node:path").resolve("package.json"))')
say "g++: $(basename "$addon")"
mkdir -p "$(dirname "$addon")"
(cd "$package" && g++ -std=c++17 -O2 -fPIC -shared -w -DNAPI_VERSION=8 \
  -I"$work/package/include" -I.. -Ideps/include binding/tfjs_backend.cc binding/tfjs_binding.cc \
  deps/lib/libtensorflow_cc.so.2 deps/lib/libtensorflow_framework.so.2 \
  -Wl,-rpath,'$ORIGIN/../../deps/lib' -o "$addon.new" && mv "$addon.new" "$addon")

prove

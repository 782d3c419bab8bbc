# One image for every app: `docker run flipstream <app>`. Releases pass the base by digest:
#   docker build --build-arg BASE=node:22-bookworm-slim@sha256:… --build-arg REVISION=$(git rev-parse HEAD) --build-arg VERSION=0.1.0 .
# NATIVE_TENSORFLOW=true compiles tfjs-node in (Linux x64, about 1.1 GB more); without it models run on WebAssembly, which scores faster.
ARG BASE=node:22-bookworm-slim

FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image has its own Node: the bundled one (an optional dependency) stays out, and so do install scripts. Source maps, types and
# what tfjs ships for browsers are half of the rest.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' \) -type f -delete \
  && find node_modules/@tensorflow -path '*/dist/*.js' -type f ! -name 'tf-*.node.js' -delete \
  && rm -rf node_modules/@tensorflow/*/src

ARG NATIVE_TENSORFLOW=false
COPY bin bin
COPY libs libs
COPY scripts scripts
RUN if [ "$NATIVE_TENSORFLOW" = true ]; then \
    apt-get update && apt-get install --yes --no-install-recommends g++ python3 python3-pip binutils && bash scripts/tfjs/tfjs-native.sh; \
  fi

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="flipstream" \
  org.opencontainers.image.description="Prices every Axie the moment it is listed, and alerts when one is listed far below what it will sell for" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY bin bin
COPY schemas schemas
COPY libs libs
COPY apps apps
# CODE_VERSION stands in every scored record; probes and Prometheus come from outside of the container.
ENV NODE_ENV=production CODE_VERSION=${VERSION}+${REVISION} HTTP_HOST=0.0.0.0 HTTP_PORT=8080
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The launcher is process 1 itself: it hands signals to the app, and no package is added to the base.
ENTRYPOINT ["node", "/app/bin/flipstream.mjs"]
CMD ["--help"]

# An installation on a machine of one's own, as `make serve` runs it (docs/operations.md, "On a machine of your own"):
#
#   docker build -t tenantry .
#   docker run --read-only --tmpfs /tmp -v tenantry:/state -p 127.0.0.1:8787:8787 --env-file secrets.env tenantry

FROM rust:1.95-bookworm AS build
COPY .node-version /tmp/
RUN node="v$(cat /tmp/.node-version)" && arch="$(dpkg --print-architecture | sed 's/amd64/x64/')" && \
    curl -fsSL "https://nodejs.org/dist/$node/node-$node-linux-$arch.tar.gz" | tar -xz -C /usr/local --strip-components=1
WORKDIR /tenantry
COPY . .
RUN scripts/setup.sh && scripts/build.sh release && scripts/size-check.sh
# What serving needs of the packages, and no more.
RUN rm -rf node_modules && npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
# `ps`, by which a server finds the runtime of one that was killed; the authorities that upstreams' certificates are of.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates procps && rm -rf /var/lib/apt/lists/*
WORKDIR /tenantry
COPY --from=build /tenantry/node_modules node_modules
COPY --from=build /tenantry/build build
COPY --from=build /tenantry/public public
COPY migrations migrations
COPY scripts/serve.mjs scripts/installation.mjs scripts/egress.mjs scripts/backup.mjs scripts/
COPY package.json LICENSE ./
RUN mkdir /state && chown node:node /state
USER node
VOLUME /state
EXPOSE 8787
ENV HOST=0.0.0.0 PORT=8787 STATE_DIR=/state
HEALTHCHECK --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:8787/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "scripts/serve.mjs"]

# The operator's image.
#
#   docker build -t kong-jenkins-operator:0.1.0 .
#
# Where the registry is reached through a proxy that signs TLS anew, hand over its CA bundle; it does not stay in the image:
#   docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt …
# The base can be any image with Node 24 and npm: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The optional dependencies are Node itself, which the base has.
RUN --mount=type=secret,id=ca,required=false \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --omit=optional --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json
# Declarations and source maps of packages are of no use at run time, and nearly half of their size.
RUN npm prune --omit=dev --omit=optional --no-update-notifier \
    && find node_modules \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="kong-jenkins-operator" \
      org.opencontainers.image.description="Keeps a Kong gateway in step with Kubernetes custom resources" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# By number, so that the kubelet can see that it is not root. Nothing is written to the file system.
USER 65532:65532
EXPOSE 8080
# Node takes all memory that there is before it tidies up: several times what the operator needs. These are no limits; a
# cluster with more objects gets a larger heap. docs/performance.md has the figures.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=30", "/app/dist/main.js"]
CMD ["run", "--bind-address=:8080"]

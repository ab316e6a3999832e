# Both services from one build: two targets, exporter and chartbot. Each image holds one
# static program, its licence and those of what is linked into it, and nothing else: no shell, no
# libraries; time zones and CA certificates are inside the program. Any user id can run it.
#
#   docker build --target exporter --build-arg HEADLAG_REVISION=$(git rev-parse --short HEAD) -t localhost/headlag-exporter .

FROM docker.io/library/rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,id=headlag-registry,target=/usr/local/cargo/registry,sharing=locked \
    scripts/third-party-licenses >/third-party-licenses.txt
ARG HEADLAG_REVISION=unknown
# Two caches outlive the build: fetched crates, and what was compiled, so that a change of
# ours compiles only our crates. Cargo recognises changed files by their time, and a copied
# file may be older than the last build; so ours are touched to be built again each time.
# The target is named, though it is this machine's own: the flags then leave build
# scripts and macros alone. Paths in the programs are those of the sources, not of this image.
RUN --mount=type=cache,id=headlag-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=headlag-target,target=/src/target,sharing=locked \
    set -eu; \
    target="$(rustc -vV | sed -n 's/^host: //p')"; \
    find . -path ./target -prune -o -type f -exec touch {} +; \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo/registry/src= --remap-path-prefix=/src=" \
        cargo build --release --locked --target "$target" \
        --package headlag-exporter --package headlag-chartbot; \
    cp "target/$target/release/headlag-exporter" "target/$target/release/headlag-chartbot" /usr/local/bin/

FROM scratch AS image
COPY --chmod=644 LICENSE /LICENSE
COPY --from=build --chmod=644 /third-party-licenses.txt /third-party-licenses.txt
USER 65532:65532
ARG HEADLAG_REVISION=unknown
LABEL org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.source=https://github.com/headlag/headlag \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.revision=$HEADLAG_REVISION

FROM image AS exporter
LABEL org.opencontainers.image.title=headlag-exporter \
      org.opencontainers.image.description="Shows in Prometheus how far blockchain nodes are behind their network"
COPY --from=build --chmod=755 /usr/local/bin/headlag-exporter /headlag-exporter
# Where headlag.yml is looked for.
WORKDIR /etc/headlag
EXPOSE 9917
ENTRYPOINT ["/headlag-exporter"]

FROM image AS chartbot
LABEL org.opencontainers.image.title=headlag-chartbot \
      org.opencontainers.image.description="Draws in Telegram how far blockchain nodes are behind their network, and delivers alerts"
COPY --from=build --chmod=755 /usr/local/bin/headlag-chartbot /headlag-chartbot
EXPOSE 9918
ENTRYPOINT ["/headlag-chartbot"]

# Both services from one build: two targets, exporter and chartbot. Each image holds one
# static program and nothing else: no shell, no libraries; time zones and CA certificates
# are inside the program.
#
#   docker build --target exporter --build-arg HEADLAG_REVISION=$(git rev-parse --short HEAD) -t headlag-exporter .

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
ARG HEADLAG_REVISION=unknown
# Two caches outlive the build: fetched crates, and what was compiled, so that a change of
# ours compiles only our crates. Cargo tells changed files by their time, and a copied
# file may be older than the last build; so ours are touched to be built again each time.
# The target is named, though it is this machine's own: the flag then leaves build
# scripts and macros alone.
RUN --mount=type=cache,id=headlag-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=headlag-target,target=/src/target,sharing=locked \
    set -eu; \
    target="$(rustc -vV | sed -n 's/^host: //p')"; \
    find service exporter chartbot -type f -exec touch {} +; \
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$target" \
        --package headlag-exporter --package headlag-chartbot; \
    cp "target/$target/release/headlag-exporter" "target/$target/release/headlag-chartbot" /usr/local/bin/

FROM scratch AS exporter
COPY --from=build /usr/local/bin/headlag-exporter /headlag-exporter
# Where headlag.yml is looked for.
WORKDIR /etc/headlag
USER 65532:65532
EXPOSE 9917
ENTRYPOINT ["/headlag-exporter"]

FROM scratch AS chartbot
COPY --from=build /usr/local/bin/headlag-chartbot /headlag-chartbot
USER 65532:65532
EXPOSE 9918
ENTRYPOINT ["/headlag-chartbot"]

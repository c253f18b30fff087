# syntax=docker/dockerfile:1

# Builds the program as `make dist` does, and leaves nothing beside it: no shell,
# no package manager, no root. Build with the version you want it to name:
#   docker build --build-arg VERSION=v1.0.0 --build-arg COMMIT=$(git rev-parse HEAD) -t sparkbot .
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
ARG COMMIT=
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/sparkbot ./cmd/sparkbot \
    && mkdir /out/data

# Certificates, time zones and the user 65532 are all there is in it.
FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="sparkbot" \
      org.opencontainers.image.description="Tells Discord and Slack channels when an open project moves" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/sparkbot /usr/local/bin/sparkbot
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV SPARKBOT_DATABASE_URL=sqlite:/data/sparkbot.db \
    SPARKBOT_HTTP_LISTEN=0.0.0.0:8080 \
    SPARKBOT_LOG_FORMAT=json
EXPOSE 8080
# serve stops by itself within ten seconds of this; give it a little more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/sparkbot", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/sparkbot"]
CMD ["serve"]

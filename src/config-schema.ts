import Type from "typebox";
import {
  address,
  endpoint,
  integer,
  isEndpoint,
  isLong,
  isProxy,
  list,
  matching,
} from "./config-formats.ts";
import { Lane } from "./contract/job.ts";

const PORTS = { minimum: 0, maximum: 65_535 };
const SECONDS = { minimum: 1, maximum: 3600 };

/**
 * Every variable, in the order of `.env.example`, with the type it has once read. `description` is its line there; `expects` says what
 * would be right where the type alone does not.
 */
export const ConfigSchema = Type.Object({
  NODE_ENV: Type.Enum(["development", "test", "production"], {
    default: "development",
    description: "production switches off everything that is for development only",
  }),

  HOST: Type.String({ default: "127.0.0.1", description: "Where a gateway listens" }),
  PORT: integer("Port of a gateway; 0 takes a free one", { ...PORTS, default: 3000 }),
  OPS_PORT: Type.Optional(
    integer("Port of /healthz, /readyz, /metrics for every role; unset: gateways, on PORT", PORTS),
  ),
  PUBLIC_URL: Type.Optional(
    address("http", "Where clients reach the service; makes links absolute"),
  ),
  TRUST_PROXY: Type.Optional(
    list(
      Type.Refine(Type.String(), isProxy),
      "addresses or ranges such as 10.0.0.0/8",
      "Proxies that are believed",
    ),
  ),

  REDIS_URL: Type.Optional(
    address(
      "redis",
      "Unset, and none of the next two set: a private redis-server in DATA_DIR/redis",
    ),
  ),
  REDIS_CLUSTER_NODES: Type.Optional(
    list(
      endpoint(),
      "host:port or redis://user:password@host:port",
      "Some nodes of a Redis Cluster, host:port or redis://user:password@host:port, rediss:// for TLS",
    ),
  ),
  REDIS_SENTINELS: Type.Optional(
    list(
      endpoint(),
      "host:port or redis://user:password@host:port",
      "Redis Sentinels, host:port or redis://user:password@host:port, rediss:// for TLS",
    ),
  ),
  REDIS_SENTINEL_NAME: Type.Optional(
    Type.Refine(
      Type.String({
        expects: "a name such as mymaster, or redis://user:password@mymaster",
        description:
          "Name of the primary that they watch; with the login of the servers redis://user:password@name, rediss:// for TLS",
      }),
      isEndpoint,
    ),
  ),
  REDIS_PREFIX: matching("^[A-Za-z0-9._:-]{1,64}$", "1 to 64 letters, digits or . _ : -", {
    default: "jobcast",
    description: "Begins every key in Redis",
  }),
  DATABASE_URL: Type.Optional(
    address("postgres", "Unset: an embedded Postgres in DATA_DIR/pg, for one process only"),
  ),
  STORAGE_URL: Type.Optional(
    matching(
      "^(file:(///|/?[^/%])[^%]*|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9/_.-]*)?([?].*)?)$",
      "file: and a folder, such as file:/srv/jobcast, or s3://bucket?endpoint=…&region=…",
      {
        description:
          "Folder of the files, shared by all processes, or s3://bucket?endpoint=…&region=…; unset: DATA_DIR/files",
      },
    ),
  ),
  AWS_ACCESS_KEY_ID: Type.Optional(
    Type.String({ description: "Key for s3://; unset: the one that the machine was given" }),
  ),
  AWS_SECRET_ACCESS_KEY: Type.Optional(
    Type.String({ description: "The secret that belongs to it" }),
  ),
  AWS_SESSION_TOKEN: Type.Optional(
    Type.String({ description: "With keys that were lent for a time" }),
  ),
  DATA_DIR: Type.String({
    default: ".data",
    description: "Folder for what the embedded defaults keep",
  }),

  JWT_SECRET: Type.Optional(
    list(
      Type.Refine(Type.String(), isLong),
      "a secret of 32 bytes or more, or two while rotating",
      "Secret of HS256 tokens, 32 bytes or more; two while rotating; unset: made once, in development",
      2,
    ),
  ),
  JWT_ISSUER: Type.Optional(Type.String({ description: "`iss` that tokens must have" })),
  JWT_AUDIENCE: Type.Optional(Type.String({ description: "`aud` that tokens must have" })),
  SIGNING_SECRET: Type.Optional(
    Type.Refine(
      Type.String({
        expects: "32 bytes or more",
        description: "Signs links; unset: derived from JWT_SECRET",
      }),
      isLong,
    ),
  ),
  METRICS_TOKEN: Type.Optional(
    Type.String({ description: "Bearer token that may read /metrics on PORT in production" }),
  ),

  SOCKET_PATH: matching("^/[^?#\\s]+$", "a path that starts with /", {
    default: "/socket.io",
    description: "Socket.IO endpoint",
  }),
  WS_PATH: matching("^/[^?#\\s]+$", "a path that starts with /", {
    default: "/ws",
    description: "Plain WebSocket endpoint",
  }),
  WS_MAX_CONNECTIONS: integer("Connections of a node", {
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
  }),
  WS_MAX_CONNECTIONS_PER_USER: integer("Connections of a user over all nodes", {
    minimum: 1,
    maximum: 1_000_000,
    default: 20,
  }),
  HEARTBEAT_SECONDS: integer("Between two pings to a client", { ...SECONDS, default: 25 }),
  HEARTBEAT_TIMEOUT_SECONDS: integer(
    "A client that leaves a ping unanswered for longer is dropped",
    { ...SECONDS, default: 20 },
  ),
  CORS_ORIGINS: Type.Optional(
    list(
      Type.String({ pattern: "^(\\*|[a-z][a-z0-9+.-]*://[^/?#\\s]+)$" }),
      "origins such as https://app.example.com, without a path",
      "Origins let in besides the own one; unset: in development those of localhost",
    ),
  ),

  FEED_MAX_FACTS: integer("Facts of a feed that can be replayed", {
    minimum: 1,
    maximum: 10_000_000,
    default: 10_000,
  }),
  FEED_TTL_HOURS: integer("For how long a fact can be replayed", {
    minimum: 1,
    maximum: 8760,
    default: 72,
  }),
  FEED_PARTITIONS: integer("Over how many partitions feeds are spread; fixed at the first start", {
    minimum: 1,
    maximum: 1024,
    default: 16,
  }),

  WORKER_TYPES: Type.Optional(
    list(
      Type.String({ pattern: "^[a-z0-9][a-z0-9_-]*$" }),
      "job types such as image",
      "Job types a worker takes; unset: all",
    ),
  ),
  WORKERS_DIR: Type.Optional(
    Type.String({
      description: "Folder with workers of your own; processes of every role need it",
    }),
  ),
  WORKER_LANES: Type.Optional(
    list(Lane, "any of premium, normal, large", "Lanes a worker takes; unset: all"),
  ),
  WORKER_CONCURRENCY: Type.Optional(
    integer("Jobs at once of each lane that a worker takes; unset: by cores", {
      minimum: 1,
      maximum: 1000,
    }),
  ),
  DRAIN_SECONDS: integer("Time to leave in order", { minimum: 0, maximum: 3600, default: 30 }),
  LOG_LEVEL: Type.Enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    default: "info",
    description: "Least severity that is logged",
  }),

  UPLOAD_MAX_BYTES: integer("Largest file taken", { minimum: 1, default: 2 * 1024 ** 3 }),
  LARGE_JOB_BYTES: integer("A larger input goes to the lane `large`", {
    minimum: 0,
    default: 50 * 1024 ** 2,
  }),
  FILE_LINK_TTL_SECONDS: integer("For how long a signed link is good", {
    minimum: 1,
    maximum: 31_536_000,
    default: 86_400,
  }),
  JOB_RETENTION_DAYS: integer("For how long a finished job and its files are kept", {
    minimum: 1,
    maximum: 36_500,
    default: 30,
  }),

  TRANSCRIBE_URL: Type.Optional(
    address(
      "http",
      "OpenAI-compatible endpoint that transcribes, such as https://api.openai.com/v1; unset: here, in English",
    ),
  ),
  TRANSCRIBE_API_KEY: Type.Optional(Type.String({ description: "Bearer key for TRANSCRIBE_URL" })),
  TRANSCRIBE_MODEL: Type.String({
    default: "whisper-1",
    description: "Model that TRANSCRIBE_URL is asked for",
  }),
  TRANSCRIBE_MODEL_DIR: Type.Optional(
    Type.String({
      description: "Folder with a model for sherpa-onnx, used where TRANSCRIBE_URL is unset",
    }),
  ),
  ANALYSIS_URL: Type.Optional(
    address(
      "http",
      "OpenAI-compatible endpoint that analyses, such as https://api.openai.com/v1; unset: only labelled fields are found",
    ),
  ),
  ANALYSIS_API_KEY: Type.Optional(Type.String({ description: "Bearer key for ANALYSIS_URL" })),
  ANALYSIS_MODEL: Type.Optional(
    Type.String({ description: "Model that ANALYSIS_URL is asked for; unset: its own choice" }),
  ),
  ANALYSIS_PER_MINUTE: Type.Optional(
    integer("Analyses a minute over all workers and lanes; unset: no limit", {
      minimum: 1,
      maximum: 1_000_000,
    }),
  ),

  ALLOW_PRIVATE_URLS: Type.Boolean({
    default: false,
    description: "1 lets inputs come from private addresses; not in production",
  }),
  DEV_ROUTES: Type.Boolean({
    default: false,
    description: "1 opens development routes when HOST is not loopback; not in production",
  }),
});

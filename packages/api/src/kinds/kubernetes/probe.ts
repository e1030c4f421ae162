import { array, integer, intOrString, object, required, string } from '../../schema.ts';

/*
 * Probes and lifecycle hooks of containers (Kubernetes `core/v1`).
 */

const ExecAction = object({
  command: array(string()),
});

const HttpHeader = object({
  name: required(string()),
  value: required(string()),
});

const HttpGetAction = object({
  host: string(),
  httpHeaders: array(HttpHeader),
  path: string(),
  port: required(intOrString()),
  scheme: string({ values: ['HTTP', 'HTTPS'] }),
});

const SleepAction = object({
  seconds: required(integer()),
});

const TcpSocketAction = object({
  host: string(),
  port: required(intOrString()),
});

const LifecycleHandler = object({
  exec: ExecAction,
  httpGet: HttpGetAction,
  sleep: SleepAction,
  tcpSocket: TcpSocketAction,
});

/** Kubernetes `core/v1 Lifecycle`. */
export const Lifecycle = object({
  postStart: LifecycleHandler,
  preStop: LifecycleHandler,
  stopSignal: string(),
});

const GrpcAction = object({
  port: required(integer()),
  service: string(),
});

/** Kubernetes `core/v1 Probe`. */
export const Probe = object({
  exec: ExecAction,
  failureThreshold: integer(),
  grpc: GrpcAction,
  httpGet: HttpGetAction,
  initialDelaySeconds: integer(),
  periodSeconds: integer(),
  successThreshold: integer(),
  tcpSocket: TcpSocketAction,
  terminationGracePeriodSeconds: integer(),
  timeoutSeconds: integer(),
});

/** Istio's labels of requests, in the order in which they become known in the course of a stream. */
export const LABELS: string[] = [
  "reporter",
  "source_workload", "source_workload_namespace", "source_principal", "source_app", "source_version", "source_canonical_service",
  "source_canonical_revision", "source_cluster",
  "destination_workload", "destination_workload_namespace", "destination_principal", "destination_app", "destination_version",
  "destination_canonical_service", "destination_canonical_revision", "destination_cluster",
  "destination_service", "destination_service_name", "destination_service_namespace",
  "request_protocol", "response_flags", "connection_security_policy",
  "response_code", "grpc_response_status",
];

/** How many of {@link LABELS} messages have, as in Istio: they are counted as they come, when there is no response yet. */
export const MESSAGE_LABELS: i32 = 20;

/** How many of {@link LABELS} connections have. */
export const TCP_LABELS: i32 = 23;

/** Where in {@link LABELS} the source and the destination begin, and how many labels each has. */
export const SOURCE: i32 = 1;
export const DESTINATION: i32 = 9;
export const WORKLOAD_LABELS: i32 = 8;

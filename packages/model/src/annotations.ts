/**
 * `heddle.dev/address: IP` on a Pod, or on a Deployment's pod template: the workload runs at this address already, started by
 * somebody other than a kubelet.
 */
export const ADDRESS_ANNOTATION = 'heddle.dev/address';

/**
 * `heddle.dev/bound-ports: CONTAINER_PORT=REAL_PORT,…` beside {@link ADDRESS_ANNOTATION}: where the workload really listens for a
 * container port; ports not listed are what they say.
 */
export const BOUND_PORTS_ANNOTATION = 'heddle.dev/bound-ports';

/**
 * `heddle.dev/allow-on-headers-stop-iteration: "true"` on a WasmPlugin: `StopIteration` for headers stops the headers alone, and the body
 * goes on to the plugin (`PluginConfig.allow_on_headers_stop_iteration`). Else it stops everything, which plugins count on that wait for
 * an answer from elsewhere.
 */
export const STOP_ITERATION_ANNOTATION = 'heddle.dev/allow-on-headers-stop-iteration';

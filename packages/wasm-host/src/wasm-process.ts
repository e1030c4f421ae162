import { Metrics } from './metrics.ts';
import { SharedData } from './shared-data.ts';
import { SharedQueues } from './shared-queues.ts';

/** What all VMs of one proxy share: queues and metrics, and per `vm_id` the shared data. */
export class WasmProcess {
  readonly queues = new SharedQueues();
  readonly metrics = new Metrics();
  readonly #data = new Map<string, SharedData>();

  sharedData(vmId: string): SharedData {
    let data = this.#data.get(vmId);
    if (data === undefined) {
      data = new SharedData();
      this.#data.set(vmId, data);
    }
    return data;
  }
}

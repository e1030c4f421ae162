import { Configuration } from "@heddle/wasm-sdk/assembly";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { LABELS } from "./labels";
import { hostName } from "./service";
import { Workload } from "./workload";

export enum Trust {
  Always,
  Mtls,
  Never,
}

/** The configuration: README.md has the table. */
export class TelemetrySettings {
  /** Empty: as the listener's direction says. */
  reporter: string = "";
  trust: Trust = Trust.Mtls;
  workload: Workload = new Workload();
  /** Hosts that may become the label `destination_service`. */
  services: Set<string> = new Set<string>();
  /** Whether each of {@link LABELS} has a value. */
  shown: StaticArray<bool> = new StaticArray<bool>(LABELS.length);
  maxSeries: i32 = 1000;

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration): TelemetrySettings | null {
    const settings = Settings.of(configuration);
    const read = new TelemetrySettings();
    const reporter = settings.choice("reporter", ["auto", "source", "destination"], "auto");
    if (reporter != "auto") read.reporter = reporter;
    const trust = settings.choice("trust", ["always", "mtls", "never"], "mtls");
    read.trust = trust == "always" ? Trust.Always : trust == "mtls" ? Trust.Mtls : Trust.Never;
    read.workload = Workload.read(settings.object("workload"));
    const services = settings.texts("services");
    for (let index = 0; index < services.length; index++) {
      const name = hostName(services[index]);
      if (name != services[index]) settings.refuse("services[" + index.toString() + "]", "wanted the name of a host in lower case, without a port");
      read.services.add(name);
    }
    const hasOnly = settings.has("onlyLabels");
    const only = labelsOf(settings, "onlyLabels");
    const without = labelsOf(settings, "withoutLabels");
    for (let index = 0; index < LABELS.length; index++) {
      const label = LABELS[index];
      read.shown[index] = (!hasOnly || only.includes(label)) && !without.includes(label);
    }
    read.maxSeries = <i32>settings.integer("maxSeries", 1000, 1, 100000);
    return settings.accept() ? read : null;
  }
}

function labelsOf(settings: Settings, name: string): string[] {
  const labels = settings.texts(name);
  for (let index = 0; index < labels.length; index++) {
    if (!LABELS.includes(labels[index])) settings.refuse(name + "[" + index.toString() + "]", "there is no such label");
  }
  return labels;
}

import { Configuration } from "@heddle/wasm-sdk/assembly";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { Limits } from "./limits";
import { Presets } from "./presets";
import { Rule } from "./rule";

/** The configuration: README.md has the tables. */
export class HeaderPolicySettings {
  private constructor(readonly limits: Limits, readonly request: Rule[], readonly response: Rule[], readonly presets: Presets) {}

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration): HeaderPolicySettings | null {
    const settings = Settings.of(configuration);
    const read = new HeaderPolicySettings(
      Limits.read(settings.object("limits")),
      readRules(settings, "request"),
      readRules(settings, "response"),
      Presets.read(settings.object("presets")),
    );
    return settings.accept() ? read : null;
  }
}

function readRules(settings: Settings, field: string): Rule[] {
  const rules: Rule[] = [];
  const objects = settings.objects(field);
  for (let index = 0; index < objects.length; index++) rules.push(Rule.read(objects[index], field == "response"));
  return rules;
}

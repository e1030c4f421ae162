import { Configuration } from "@heddle/wasm-sdk/assembly";
import { readHeaderName } from "@heddle/wasm-sdk/assembly/header-names";
import { PathPatterns } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { User } from "./user";

/** Paths that some users alone may have. */
export class Rule {
  constructor(readonly paths: PathPatterns, readonly users: string[]) {}
}

/** The configuration: README.md has the table. */
export class BasicAuthSettings {
  users: User[] = [];
  rules: Rule[] = [];
  exempt: PathPatterns = new PathPatterns();
  userHeader: string = "";
  strip: bool = true;
  isJson: bool = true;
  challenge: string = "";
  /** Whether any setting asks for the path. */
  readsPath: bool = false;

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration): BasicAuthSettings | null {
    const settings = Settings.of(configuration);
    const read = new BasicAuthSettings();
    const lines = settings.texts("users");
    if (lines.length == 0) settings.refuse("users", "wanted at least one user");
    const names: string[] = [];
    for (let index = 0; index < lines.length; index++) {
      const field = "users[" + index.toString() + "]";
      const user = User.read(settings, field, lines[index]);
      if (user === null) continue;
      if (names.includes(user.name)) settings.refuse(field, '"' + user.name + '" is there before');
      names.push(user.name);
      read.users.push(user);
    }
    const rules = settings.objects("rules");
    for (let index = 0; index < rules.length; index++) {
      const rule = new Rule(PathPatterns.read(rules[index], "paths"), rules[index].texts("users"));
      if (rule.paths.isEmpty) rules[index].refuse("paths", "wanted at least one path");
      for (let user = 0; user < rule.users.length; user++) {
        if (!names.includes(rule.users[user])) {
          rules[index].refuse("users[" + user.toString() + "]", 'there is no user "' + rule.users[user] + '"');
        }
      }
      rules[index].refuseOthers();
      read.rules.push(rule);
    }
    read.exempt = PathPatterns.read(settings, "exempt");
    read.readsPath = !read.exempt.isEmpty || rules.length > 0;
    read.userHeader = readHeaderName(settings, "userHeader");
    read.strip = settings.flag("strip", true);
    read.isJson = settings.choice("body", ["json", "text"], "json") == "json";
    const realm = settings.text("realm", "restricted");
    if (realm.includes('"') || realm.includes("\\")) settings.refuse("realm", "wanted a text without quotes and backslashes");
    read.challenge = 'Basic realm="' + realm + '", charset="UTF-8"';
    return settings.accept() ? read : null;
  }
}
